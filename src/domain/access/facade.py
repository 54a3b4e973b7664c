"""What other capabilities may ask of access."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.access.errors import GrantNotFound, LastOwner, NotHeld, RoleNotFound
from domain.kernel.access import Actor, Eyes, Permission
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, UserId

__all__ = [
    "Assignment",
    "Assignments",
    "Authority",
    "Clearances",
    "GrantNotFound",
    "LastOwner",
    "Mandates",
    "NotHeld",
    "Place",
    "RoleNotFound",
    "Subject",
    "Walls",
]


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


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was assigned: to whom, and where."""

    place: Place
    subject: Subject
    role_id: RoleId


class Assignments(Protocol):
    """Grants, made and unmade on behalf of others' commands, in the transaction of the command; each is announced."""

    async def hold(self, organization_id: OrganizationId) -> None:
        """Have others who import a policy, or withdraw grants, of the organization wait until the command ends.

        For whoever locks a subject and then its grants: taken before anything else is. Raise `OrganizationNotFound`.
        """

    async def role(self, organization_id: OrganizationId, name: str) -> RoleId:
        """Return the role of that name that may be granted in the organization: its own, else a system role.

        Raise `RoleNotFound`.
        """

    async def assign(
        self,
        place: Place,
        subject: Subject,
        role_id: RoleId,
        by: UserId | None,
        expires_at: datetime | None = None,
    ) -> GrantId:
        """Grant the role until `expires_at`, or for ever, unless that is so already; return the grant.

        Nothing is asked about what `by` may do. Raise `RoleNotFound` if it is no role of this organization.
        """

    async def assigned(self, organization_id: OrganizationId, grant_id: GrantId) -> Assignment:
        """Return what was assigned by the grant, or raise `GrantNotFound`."""

    async def withdraw(self, place: Place, subject: Subject, role_id: RoleId) -> None:
        """Withdraw the grant, if there is one; raise `LastOwner` if it made the last owner of the organization one."""

    async def withdraw_everything(self, organization_id: OrganizationId, subject: Subject) -> None:
        """Withdraw whatever the subject holds in the organization; raise `LastOwner` as `withdraw` does."""

    async def owners(self, organization_id: OrganizationId) -> Collection[UserId]:
        """Return who owns the organization; until the transaction ends nobody else makes or unmakes an owner."""

    async def owned_alone(self, user_id: UserId) -> Collection[OrganizationId]:
        """Return the organizations, the platform excepted, that would have no active owner without the person.

        Nobody else changes their account. Until the transaction ends nobody else makes or unmakes an owner of any
        organization that they belong to, so that it stays so.
        """


class Clearances(Protocol):
    """Tell what an actor may see, as the gate of the pipeline would decide it: for queries."""

    async def holds(self, actor: Actor, organization_id: OrganizationId, permission: Permission) -> bool:
        """Return whether the actor holds `permission` in the organization."""

    async def eyes(self, actor: Actor, organization_id: OrganizationId) -> Eyes:
        """Return who looks, and whether walls of the organization hide anything from them."""


class Authority(Protocol):
    """What the actor holds, as fresh as the command at hand."""

    async def must_hold_role(self, actor: Actor, place: Place, role_id: RoleId) -> None:
        """Raise `NotHeld` unless the actor holds everything in the role, without condition, at `place`."""

    async def holds(self, actor: Actor, place: Place, permission: str) -> bool:
        """Return whether the actor holds `permission` at `place`, without condition."""


class Walls(Protocol):
    """What visibility groups hide from the actor, as fresh as the command at hand."""

    async def bypasses(self, actor: Actor, organization_id: OrganizationId) -> bool:
        """Return whether no wall of the organization hides anything from the actor."""

    async def hidden(
        self, actor: Actor, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Collection[ResourceId]:
        """Return those of the organization's resources that a wall hides from the actor."""

    async def hidden_people(
        self, actor: Actor, organization_id: OrganizationId, user_ids: Collection[UserId]
    ) -> Collection[UserId]:
        """Return those of the organization's members that a wall hides from the actor."""


class Mandates(Protocol):
    """Who may have a subject act: give it back what it may do, or let somebody act as it."""

    async def must_hold_everything_of(self, actor: Actor, organization_id: OrganizationId, subject: Subject) -> None:
        """Raise `NotHeld` unless the actor could grant anew what is granted to the subject itself in the organization.

        Nobody withdraws any of it until the command ends.
        """
