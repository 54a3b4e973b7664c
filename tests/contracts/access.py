"""What the suites of access need of an adapter."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from core.pipeline import Gate, UnitOfWork
from domain.access.facade import Assignments, Place, Subject
from domain.access.holding import Holding
from domain.access.models import Grant, Role
from domain.access.readers import GrantLists, RoleLists
from domain.access.repositories import Grantees, Grants, Hiding, Places, Roles
from domain.identity.service_accounts.models import ServiceAccount
from domain.identity.service_accounts.readers import ServiceAccountLists
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.kernel.access import Actor, Eyes
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, RoleId, SessionId, TeamId, UserId, uuid7
from domain.resources.readers import ResourceReader

NOW = datetime(2030, 1, 1, tzinfo=UTC)
"""What the clock of every command says."""
ANYBODY = Eyes(UserId(uuid7()), bypass=True)
"""Somebody from whom no wall hides anything."""
HOUR = timedelta(hours=1)


class Work(UnitOfWork, Events, Protocol):
    """A transaction that takes facts."""


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    work: Work
    roles: Roles
    grants: Grants
    grantees: Grantees
    places: Places
    hiding: Hiding
    assignments: Assignments
    authority: Holding
    accounts: ServiceAccounts


class Ground(Protocol):
    """Makes transactions, and what is granted to and on. Holds system roles only at first."""

    @property
    def role_lists(self) -> RoleLists: ...

    @property
    def grant_lists(self) -> GrantLists: ...

    @property
    def resource_lists(self) -> ResourceReader: ...

    @property
    def gate(self) -> Gate: ...

    @property
    def account_lists(self) -> ServiceAccountLists: ...

    def now(self) -> datetime:
        """Tell the time as queries see it."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    async def person(self) -> UserId:
        """Return somebody new."""

    async def deactivate(self, user_id: UserId) -> None:
        """Take away what they sign in with."""

    async def organization(self) -> OrganizationId:
        """Return a new organization."""

    async def member(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Make the person a member."""

    async def team(
        self, organization_id: OrganizationId, *members: UserId, within: tuple[TeamId, ...] = ()
    ) -> tuple[TeamId, ...]:
        """Return the path of a new team of these members of the organization."""

    async def resource(
        self, organization_id: OrganizationId, name: str, within: tuple[ResourceId, ...] = (), **more: Any
    ) -> tuple[ResourceId, ...]:
        """Return the path of a new resource of type `document`; `owner_id` and `wall_id` may be given."""

    async def group(
        self,
        organization_id: OrganizationId,
        contents: Sequence[ResourceId],
        members: Sequence[Subject],
        people: Sequence[UserId] = (),
    ) -> None:
        """Make a visibility group of `contents`, below which nothing is yet, and `people`."""


async def member(ground: Ground, organization_id: OrganizationId) -> UserId:
    """Return a new member."""
    user_id = await ground.person()
    await ground.member(organization_id, user_id)
    return user_id


def an_account(organization_id: OrganizationId, name: str = "", **more: Any) -> ServiceAccount:
    """Return a service account that was not added yet."""
    known: dict[str, Any] = {"name": name or f"account-{uuid7()}", "created_at": NOW, "updated_at": NOW, "version": 1}
    return ServiceAccount(organization_id=organization_id, **known | more)


async def account(ground: Ground, organization_id: OrganizationId, name: str = "", **more: Any) -> ServiceAccount:
    """Return a service account that was added."""
    made = an_account(organization_id, name, **more)
    async with ground.transaction() as ports:
        await ports.accounts.add(made)
    return made


async def role(
    ground: Ground,
    organization_id: OrganizationId,
    *permissions: str,
    inherits: tuple[RoleId, ...] = (),
    name: str = "",
) -> RoleId:
    """Return a new role of the organization."""
    made = a_role(organization_id, *permissions, inherits=inherits, name=name)
    async with ground.transaction() as ports:
        await ports.roles.add(made)
    return made.id


def a_role(
    organization_id: OrganizationId, *permissions: str, inherits: tuple[RoleId, ...] = (), name: str = ""
) -> Role:
    """Return a role that was not added yet."""
    return Role(
        organization_id=organization_id,
        name=name or f"role-{uuid7()}",
        permissions=frozenset(permissions),
        inherits=frozenset(inherits),
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )


def a_grant(organization_id: OrganizationId, subject: Subject, role_id: RoleId, **more: Any) -> Grant:
    """Return a grant that was not added yet: on the whole organization, unless there is `on`."""
    place = Place(organization_id, more.pop("on", None), more.pop("below", False))
    return Grant(place=place, subject=subject, role_id=role_id, created_at=NOW, version=1, **more)


async def granted(
    ground: Ground, organization_id: OrganizationId, subject: Subject, role_id: RoleId, **more: Any
) -> Grant:
    """Return a grant that was added."""
    grant = a_grant(organization_id, subject, role_id, **more)
    async with ground.transaction() as ports:
        await ports.grants.add(grant)
    return grant


def user(user_id: UUID) -> Subject:
    """Return the person as a subject."""
    return Subject("user", user_id)


def team(path: tuple[TeamId, ...]) -> Subject:
    """Return the team at the beginning of the path as a subject."""
    return Subject("team", path[0])


def actor(user_id: UserId) -> Actor:
    """Return somebody who is signed in."""
    return Actor(user_id, SessionId(uuid7()), None, 1)


async def holds(ground: Ground, user_id: UserId, place: Place, permission: str) -> bool:
    """Return what the authority says."""
    async with ground.transaction() as ports:
        return await ports.authority.holds(actor(user_id), place, permission)


async def superuser(ground: Ground, user_id: UserId | None = None) -> UserId:
    """Make the person a superuser, or somebody new, and return whom."""
    user_id = user_id or await ground.person()
    async with ground.transaction() as ports:
        found = await ports.roles.named(PLATFORM, "superuser")
        await ports.assignments.assign(Place(PLATFORM), user(user_id), found.id, None)
    return user_id
