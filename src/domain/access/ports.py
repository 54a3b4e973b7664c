"""What decisions are made from, and where lists come from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from domain.access.asking import Person, View
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Name, RolePart
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, RoleId, UserId


@dataclass(frozen=True, slots=True)
class Listing:
    """Which resources are wanted: those on which `subject` holds `permission`, if `asker` may see the two."""

    subject: Person
    asker: Person
    type: str
    permission: str
    attributes: Mapping[str, Any]
    """What conditions know as `context.<name>`."""


class Decisions(Protocol):
    """Everything that decisions are made of. Each method raises `Unavailable` where it cannot be told."""

    async def refresh(self, at_least: Collection[ConsistencyToken]) -> None:
        """Return once the answers of this process are as fresh as all of those commands."""

    async def view(self, people: Collection[Person], names: Sequence[Name]) -> View:
        """Return people and resources as of one moment; the latter in the order of `names`."""

    async def roles(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, RolePart]:
        """Return roles and everything that they inherit."""

    async def places(self, resource_ids: Collection[ResourceId]) -> Mapping[ResourceId, Thing]:
        """Return resources by their own ids."""

    async def resources(
        self, wanted: Listing, after: ResourceId | None, limit: int, now: datetime
    ) -> Sequence[tuple[ResourceId, str]]:
        """Return ids and external ids in the order of ids, past `after`: exactly those that a check would allow."""

    async def candidates(
        self, asker: Person, groups: Collection[GroupId] | None, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Return whoever may hold something in the asker's organization, in the order of ids, past `after`.

        Others who are hidden in visibility groups only if one of those is among `groups`; None for everybody.
        """

    async def service_accounts(
        self, organization_id: OrganizationId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Return the service accounts that may hold something in the organization, as `candidates` does people."""

    async def permissions(self, organization_id: OrganizationId) -> Collection[str]:
        """Return what is written in the roles that count in the organization: those of the platform are among them."""
