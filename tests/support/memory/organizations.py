"""Organizations and who belongs to them, in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from domain.identity.models import User
from domain.kernel.access import Eyes
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound
from domain.kernel.ids import PLATFORM, InvitationId, OrganizationId, UserId
from domain.organizations.describing import organization_info
from domain.organizations.errors import AlreadyMember, InvitationNotFound, MemberNotFound, SlugTaken
from domain.organizations.models import Invitation, Membership, Organization
from domain.organizations.ports import InvitationReader, Invited
from domain.organizations.readers import InvitationLists, MemberReader, OrganizationReader, Place
from domain.organizations.repositories import Invitations, Memberships, Organizations
from domain.organizations.schemas import InvitationInfo, Member, OrganizationInfo
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.identity import USERS
from tests.support.memory.roles import every_role
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, SERVICE_ACCOUNTS
from tests.support.memory.walls import person_seen
from tests.support.memory.work import MemoryTables, MemoryWork

T = TypeVar("T")

INVITATIONS = "invitations"
"""By id."""
SINCE = datetime(2026, 11, 22, tzinfo=UTC)


def platform() -> Organization:
    """Return the organization that exists from the first migration."""
    return Organization(id=PLATFORM, name="Platform", slug="platform", created_at=SINCE, updated_at=SINCE, version=1)


@dataclass(frozen=True, slots=True)
class MemoryOrganizations(Organizations):
    work: MemoryWork

    async def add(self, organization: Organization) -> None:
        tables = await self.work.begin()
        self._unique(tables, organization)
        tables.table(ORGANIZATIONS).put(organization.id, organization)

    async def get(self, organization_id: OrganizationId) -> Organization:
        found: Organization | None = (await self.work.begin()).table(ORGANIZATIONS).get(organization_id)
        if found is None and organization_id == PLATFORM:
            return platform()
        if found is None:
            raise OrganizationNotFound
        return found

    async def keep(self, organization: Organization) -> None:
        self._unique(await self.work.begin(), organization)

    async def remove(self, organization: Organization) -> None:
        tables = await self.work.begin()
        tables.table(ORGANIZATIONS).remove(organization.id)
        for membership in tables.table(MEMBERSHIPS).values():
            if membership.organization_id == organization.id:
                tables.table(MEMBERSHIPS).remove((organization.id, membership.user_id))
        for invitation in tables.table(INVITATIONS).values():
            if invitation.organization_id == organization.id:
                tables.table(INVITATIONS).remove(invitation.id)
        for account in tables.table(SERVICE_ACCOUNTS).values():
            if account.organization_id == organization.id:
                tables.table(SERVICE_ACCOUNTS).remove(account.id)
        for grant in tables.table(GRANTS).values():
            if grant.place.organization_id == organization.id:
                tables.table(GRANTS).remove(grant.id)

    def _unique(self, tables: MemoryTables, organization: Organization) -> None:
        others: list[Organization] = [platform(), *tables.table(ORGANIZATIONS).values()]
        if any(each.slug == organization.slug and each.id != organization.id for each in others):
            raise SlugTaken


@dataclass(frozen=True, slots=True)
class MemoryMemberships(Memberships):
    work: MemoryWork

    async def add(self, membership: Membership) -> None:
        tables = await self.work.begin()
        key = membership.organization_id, membership.user_id
        if tables.table(MEMBERSHIPS).get(key):
            raise AlreadyMember
        if not known(tables, *key):
            raise OrganizationNotFound
        tables.table(MEMBERSHIPS).put(key, membership)

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> Membership:
        table = (await self.work.begin()).table(MEMBERSHIPS)
        found: Membership | None = table.get((organization_id, user_id))
        if found is None:
            raise MemberNotFound
        return found

    async def remove(self, membership: Membership) -> None:
        tables = await self.work.begin()
        tables.table(MEMBERSHIPS).remove((membership.organization_id, membership.user_id))


@dataclass(frozen=True, slots=True)
class MemoryInvitations(Invitations):
    work: MemoryWork

    async def add(self, invitation: Invitation) -> None:
        tables = await self.work.begin()
        if not known(tables, invitation.organization_id, invitation.invited_by):
            raise OrganizationNotFound
        if await self.find(invitation.organization_id, invitation.email):
            raise ConcurrentChange
        tables.table(INVITATIONS).put(invitation.id, invitation)

    async def find(self, organization_id: OrganizationId, email: str) -> Invitation | None:
        rows: list[Invitation] = (await self.work.begin()).table(INVITATIONS).values()
        return next((each for each in rows if (each.organization_id, each.email) == (organization_id, email)), None)

    async def to(self, addresses: Collection[str]) -> Sequence[Invitation]:
        rows: list[Invitation] = (await self.work.begin()).table(INVITATIONS).values()
        return [each for each in rows if each.email in addresses]

    async def get(self, organization_id: OrganizationId, invitation_id: InvitationId) -> Invitation:
        found: Invitation | None = (await self.work.begin()).table(INVITATIONS).get(invitation_id)
        if found is None or found.organization_id != organization_id:
            raise InvitationNotFound
        return found

    async def keep(self, invitation: Invitation) -> None:
        (await self.work.begin()).table(INVITATIONS).put(invitation.id, invitation)

    async def remove(self, invitation: Invitation) -> None:
        (await self.work.begin()).table(INVITATIONS).remove(invitation.id)


@dataclass(frozen=True, slots=True)
class MemoryOrganizationReader(OrganizationReader):
    memory: Memory

    async def find(self, organization_id: OrganizationId) -> OrganizationInfo | None:
        return next((each for each in self._all() if each.id == organization_id), None)

    async def list(self, member: UserId | None, after: Place | None, most: int) -> Sequence[OrganizationInfo]:
        mine = self.memory.table(MEMBERSHIPS)
        found = [each for each in self._all() if member is None or (each.id, member) in mine]
        return behind([(each.created_at, each.id, each) for each in found], after)[:most]

    def _all(self) -> Sequence[OrganizationInfo]:
        rows: dict[OrganizationId, Organization] = self.memory.table(ORGANIZATIONS)
        return [organization_info(each) for each in (platform(), *rows.values())]


@dataclass(frozen=True, slots=True)
class MemoryMemberReader(MemberReader):
    memory: Memory

    async def find(self, organization_id: OrganizationId, user_id: UserId, by: Eyes) -> Member | None:
        membership: Membership | None = self.memory.table(MEMBERSHIPS).get((organization_id, user_id))
        return self._member(membership) if membership and self._shows(membership, by) else None

    async def list(self, organization_id: OrganizationId, by: Eyes, after: Place | None, most: int) -> Sequence[Member]:
        rows: list[Membership] = list(self.memory.table(MEMBERSHIPS).values())
        found = [each for each in rows if each.organization_id == organization_id and self._shows(each, by)]
        return behind([(each.created_at, each.user_id, self._member(each)) for each in found], after)[:most]

    async def among(self, organization_id: OrganizationId, people: Collection[UserId], by: Eyes) -> Collection[UserId]:
        rows, users = self.memory.table(MEMBERSHIPS), self.memory.table(USERS)
        named = [rows[organization_id, each] for each in people if (organization_id, each) in rows and each in users]
        return {row.user_id for row in named if self._shows(row, by)}

    def _shows(self, membership: Membership, by: Eyes) -> bool:
        return person_seen(self.memory, membership.organization_id, membership.user_id, by)

    def _member(self, membership: Membership) -> Member:
        user: User = self.memory.table(USERS)[membership.user_id]
        return Member(user.id, user.full_name, user.username, user.email, membership.created_at)


@dataclass(frozen=True, slots=True)
class MemoryInvitationReader(InvitationReader, InvitationLists):
    memory: Memory

    async def find(self, hashes: Sequence[bytes]) -> Invited | None:
        for each in self._all():
            inviter: User = self.memory.table(USERS)[each.invited_by]
            if each.token_hash in hashes and inviter.is_active:
                registered = any(user.email == each.email for user in self.memory.table(USERS).values())
                found = self.memory.table(ORGANIZATIONS).get(each.organization_id)
                name = found.name if found else "Platform"
                return Invited(each.id, each.organization_id, each.email, each.expires_at, name, registered)
        return None

    async def list(
        self, organization_id: OrganizationId, by: Eyes, now: datetime, after: Place | None, most: int
    ) -> Sequence[InvitationInfo]:
        found = [each for each in self._all() if each.organization_id == organization_id and each.is_open(now)]
        return behind([(each.created_at, each.id, self._info(each, by)) for each in found], after)[:most]

    def _all(self) -> Iterable[Invitation]:
        rows: dict[InvitationId, Invitation] = self.memory.table(INVITATIONS)
        return rows.values()

    def _info(self, invitation: Invitation, by: Eyes) -> InvitationInfo:
        inviter = invitation.invited_by
        roles = {each.id: each.name for each in every_role(MemoryTables(self.memory))}
        return InvitationInfo(
            id=invitation.id,
            organization_id=invitation.organization_id,
            email=invitation.email,
            role=roles[invitation.role_id],
            invited_by=inviter if person_seen(self.memory, invitation.organization_id, inviter, by) else None,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            version=invitation.version,
        )


def known(tables: MemoryTables, organization_id: OrganizationId, user_id: UserId) -> bool:
    """Return whether both sides exist."""
    there = organization_id == PLATFORM or tables.table(ORGANIZATIONS).get(organization_id) is not None
    return there and tables.table(USERS).get(user_id) is not None


def behind(rows: Iterable[tuple[datetime, UUID, T]], after: Place | None) -> list[T]:
    """Return what comes behind the place, the newest first."""
    ordered = sorted(rows, key=lambda row: row[:2], reverse=True)
    return [row[2] for row in ordered if after is None or row[:2] < (after.created_at, after.id)]
