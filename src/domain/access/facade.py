"""What other capabilities may ask of access."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.access.errors import LastOwner, NotHeld, RoleNotFound
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId

__all__ = ["Assignments", "Authority", "LastOwner", "NotHeld", "Place", "RoleNotFound", "Subject"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a grant holds: in the whole organization, on one resource, or on that and everything below it."""

    organization_id: OrganizationId
    resource_id: ResourceId | None = None
    below: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is granted something: `type` is `user`, `team` or `service_account`."""

    type: str
    id: UUID


class Assignments(Protocol):
    """Grants, made and unmade on behalf of others' commands, in the transaction of the command; each is announced."""

    async def role(self, organization_id: OrganizationId, name: str) -> RoleId:
        """Return the role of that name that may be granted in the organization: its own, else a system role.

        Raise `RoleNotFound`.
        """

    async def assign(self, place: Place, subject: Subject, role_id: RoleId, by: UserId | None) -> None:
        """Grant the role, unless it is granted already; nothing is asked about what `by` may do.

        Raise `RoleNotFound` if it is no role of this organization.
        """

    async def withdraw(self, place: Place, subject: Subject, role_id: RoleId) -> None:
        """Withdraw the grant, if there is one; raise `LastOwner` if it made the last owner of the organization one."""

    async def withdraw_everything(self, organization_id: OrganizationId, subject: Subject) -> None:
        """Withdraw whatever the subject holds in the organization; raise `LastOwner` as `withdraw` does."""

    async def owners(self, organization_id: OrganizationId) -> Collection[UserId]:
        """Return who owns the organization; until the transaction ends nobody else makes or unmakes an owner."""


class Authority(Protocol):
    """What the actor holds, as fresh as the command at hand."""

    async def must_hold_role(self, actor: Actor, place: Place, role_id: RoleId) -> None:
        """Raise `NotHeld` unless the actor holds everything in the role, without condition, at `place`."""

    async def holds(self, actor: Actor, place: Place, permission: str) -> bool:
        """Return whether the actor holds `permission` at `place`, without condition."""
