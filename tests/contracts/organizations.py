"""What the suites of organizations, members and invitations need of an adapter."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from core.pipeline import UnitOfWork
from domain.identity.models import EmailAddress, User
from domain.identity.repositories import Users
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, RoleId, UserId, uuid7
from domain.organizations.models import Invitation, Membership, Organization
from domain.organizations.ports import InvitationReader
from domain.organizations.readers import InvitationLists, MemberReader, OrganizationReader
from domain.organizations.repositories import Invitations, Memberships, Organizations

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
ANYBODY = Eyes(UserId(uuid7()), bypass=True)
"""Somebody from whom no wall hides anything."""
ADMIN = RoleId(UUID("00000000-0000-7000-8000-000000000004"))
MEMBER = RoleId(UUID("00000000-0000-7000-8000-000000000005"))


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    work: UnitOfWork
    users: Users
    organizations: Organizations
    memberships: Memberships
    invitations: Invitations


class Ground(Protocol):
    """Makes transactions, and reads what they committed. Holds the platform alone at first, and nobody."""

    @property
    def organizations(self) -> OrganizationReader: ...

    @property
    def members(self) -> MemberReader: ...

    @property
    def invited(self) -> InvitationReader: ...

    @property
    def invitations(self) -> InvitationLists: ...

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    async def hide(self, organization_id: OrganizationId, user_id: UserId, *viewers: UserId) -> None:
        """Hide a member in a new visibility group, which others are in."""


def organization(slug: str = "acme", **more: Any) -> Organization:
    known: dict[str, Any] = {"name": "Acme", "slug": slug, "created_at": NOW, "updated_at": NOW, "version": 1}
    return Organization(**known | more)


def membership(of: Organization, user: User, **more: Any) -> Membership:
    known: dict[str, Any] = {"organization_id": of.id, "user_id": user.id, "created_at": NOW, "version": 1}
    return Membership(**known | more)


def invitation(of: Organization, by: User, email: str = "eve@example.com", **more: Any) -> Invitation:
    known: dict[str, Any] = {
        "organization_id": of.id,
        "email": email,
        "role_id": MEMBER,
        "invited_by": by.id,
        "token_hash": uuid7().bytes,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "version": 1,
    }
    return Invitation(**known | more)


async def person(ground: Ground, email: str = "ada@example.com", **more: Any) -> User:
    user = User(email=EmailAddress(email), created_at=NOW, updated_at=NOW, version=1, **more)
    async with ground.transaction() as ports:
        await ports.users.add(user)
    return user


async def founded(ground: Ground, slug: str = "acme", *members: User, **more: Any) -> Organization:
    made = organization(slug, **more)
    async with ground.transaction() as ports:
        await ports.organizations.add(made)
        for user in members:
            await ports.memberships.add(membership(made, user))
    return made


async def invite(ground: Ground, made: Invitation) -> Invitation:
    async with ground.transaction() as ports:
        await ports.invitations.add(made)
    return made


async def change(ground: Ground, made: Organization, **more: str) -> None:
    """Change an organization, as a command does."""
    async with ground.transaction() as ports:
        found = await ports.organizations.get(made.id)
        for name, value in more.items():
            setattr(found, name, value)
        found.version += 1
        await ports.organizations.keep(found)


def same(one: object, other: Any) -> None:
    for each in fields(other):
        assert getattr(one, each.name) == getattr(other, each.name), each.name
