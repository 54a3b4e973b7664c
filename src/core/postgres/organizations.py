"""Organizations and who belongs to them in Postgres: what commands change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, Uuid, select

from core.postgres.base import mapping, refusing, versioned
from core.postgres.work import SqlWork
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound
from domain.kernel.ids import InvitationId, OrganizationId, UserId
from domain.organizations.errors import AlreadyMember, InvitationNotFound, MemberNotFound, SlugTaken
from domain.organizations.models import Invitation, Membership, Organization
from domain.organizations.repositories import Invitations, Memberships, Organizations

organizations = Table(
    "organizations",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Organization, organizations, **versioned(organizations))

memberships = Table(
    "memberships",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Membership, memberships, **versioned(memberships))

invitations = Table(
    "invitations",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("email", Text, nullable=False),
    Column("role_id", Uuid, nullable=False),
    Column("invited_by", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Invitation, invitations, **versioned(invitations))

TAKEN: Final = {"uq_organizations_slug": SlugTaken}


@dataclass(frozen=True, slots=True)
class SqlOrganizations(Organizations):
    """Organizations, in the transaction of the command."""

    work: SqlWork

    async def add(self, organization: Organization) -> None:
        """See `Organizations.add`. The savepoint keeps the transaction usable when the slug is taken."""
        session = await self.work.begin()
        with refusing(TAKEN):
            async with session.begin_nested():
                session.add(organization)
                await session.flush()

    async def get(self, organization_id: OrganizationId) -> Organization:
        """See `Organizations.get`. Foreign keys lock the row less, so that who only refers to it does not wait."""
        session = await self.work.begin()
        if found := await session.get(Organization, organization_id, with_for_update={"key_share": True}):
            return found
        raise OrganizationNotFound

    async def keep(self, organization: Organization) -> None:  # noqa: ARG002 - the session knows what changed
        """See `Organizations.keep`."""
        session = await self.work.begin()
        with refusing(TAKEN):
            await session.flush()

    async def remove(self, organization: Organization) -> None:
        """See `Organizations.remove`; what is in it goes by foreign key."""
        session = await self.work.begin()
        await session.delete(organization)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlMemberships(Memberships):
    """Who belongs to which organization, in the transaction of the command."""

    work: SqlWork

    async def add(self, membership: Membership) -> None:
        """See `Memberships.add`."""
        session = await self.work.begin()
        session.add(membership)
        with refusing(
            {
                "uq_memberships_user_id": AlreadyMember,
                "fk_memberships_organization_id": OrganizationNotFound,
                "fk_memberships_user_id": OrganizationNotFound,
            }
        ):
            await session.flush()

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> Membership:
        """See `Memberships.get`."""
        wanted = select(Membership).where(
            memberships.c.organization_id == organization_id, memberships.c.user_id == user_id
        )
        session = await self.work.begin()
        if found := await session.scalar(wanted.with_for_update()):
            return found
        raise MemberNotFound

    async def remove(self, membership: Membership) -> None:
        """See `Memberships.remove`; teams, groups and grants go by foreign key and by trigger."""
        session = await self.work.begin()
        await session.delete(membership)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlInvitations(Invitations):
    """Who is invited, in the transaction of the command."""

    work: SqlWork

    async def add(self, invitation: Invitation) -> None:
        """See `Invitations.add`."""
        session = await self.work.begin()
        session.add(invitation)
        with refusing(
            {
                "uq_invitations_email": ConcurrentChange,
                "fk_invitations_organization_id": OrganizationNotFound,
                "fk_invitations_role_id": OrganizationNotFound,
                "fk_invitations_invited_by": OrganizationNotFound,
            }
        ):
            await session.flush()

    async def find(self, organization_id: OrganizationId, email: str) -> Invitation | None:
        """See `Invitations.find`."""
        wanted = select(Invitation).where(
            invitations.c.organization_id == organization_id, invitations.c.email == email
        )
        session = await self.work.begin()
        return await session.scalar(wanted.with_for_update())

    async def to(self, addresses: Collection[str]) -> Sequence[Invitation]:
        """See `Invitations.to`."""
        wanted = select(Invitation).where(invitations.c.email.in_(addresses)).order_by(invitations.c.id)
        session = await self.work.begin()
        return (await session.scalars(wanted.with_for_update())).all()

    async def get(self, organization_id: OrganizationId, invitation_id: InvitationId) -> Invitation:
        """See `Invitations.get`."""
        wanted = select(Invitation).where(
            invitations.c.id == invitation_id, invitations.c.organization_id == organization_id
        )
        session = await self.work.begin()
        if found := await session.scalar(wanted.with_for_update()):
            return found
        raise InvitationNotFound

    async def keep(self, invitation: Invitation) -> None:  # noqa: ARG002 - the session knows what changed
        """See `Invitations.keep`."""
        session = await self.work.begin()
        await session.flush()

    async def remove(self, invitation: Invitation) -> None:
        """See `Invitations.remove`."""
        session = await self.work.begin()
        await session.delete(invitation)
        await session.flush()
