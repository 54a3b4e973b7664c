"""Organizations and who belongs to them in Postgres: what queries read."""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from core.postgres.database import Database
from core.postgres.walls import person_seen
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, UserId
from domain.organizations.ports import InvitationReader, Invited
from domain.organizations.readers import InvitationLists, MemberReader, OrganizationReader, Place
from domain.organizations.schemas import InvitationInfo, Member, OrganizationInfo

_ORGANIZATION: Final = "SELECT o.id, o.name, o.slug, o.created_at, o.updated_at, o.version FROM organizations o"
_FIND_ORGANIZATION: Final = f"{_ORGANIZATION} WHERE o.id = $1"
_LIST_ALL: Final = f"""
{_ORGANIZATION}
WHERE $1::timestamptz IS NULL OR (o.created_at, o.id) < ($1, $2::uuid)
ORDER BY o.created_at DESC, o.id DESC LIMIT $3
"""
_LIST_MINE: Final = f"""
{_ORGANIZATION} JOIN memberships m ON m.organization_id = o.id
WHERE m.user_id = $4 AND ($1::timestamptz IS NULL OR (o.created_at, o.id) < ($1, $2::uuid))
ORDER BY o.created_at DESC, o.id DESC LIMIT $3
"""
_MEMBER: Final = """
SELECT u.id AS user_id, u.full_name, u.username, u.email, m.created_at AS joined_at
FROM memberships m JOIN users u ON u.id = m.user_id
"""
_FIND_MEMBER: Final = f"""
{_MEMBER} WHERE m.user_id = $2 AND m.organization_id = $1 AND {person_seen("m.user_id", "$1", "$3::uuid", "$4")}
"""
_LIST_MEMBERS: Final = f"""
{_MEMBER}
WHERE m.organization_id = $1
  AND ($2::timestamptz IS NULL OR (m.created_at <= $2 AND (m.created_at, m.user_id) < ($2, $3::uuid)))
  AND {person_seen("m.user_id", "$1", "$5::uuid", "$6")}
ORDER BY m.created_at DESC, m.user_id DESC LIMIT $4
"""
_AMONG: Final = f"""
SELECT m.user_id FROM memberships m
WHERE m.organization_id = $1 AND m.user_id = ANY ($2::uuid[]) AND {person_seen("m.user_id", "$1", "$3::uuid", "$4")}
"""  # noqa: S608 - made of constants
_LIST_INVITATIONS: Final = f"""
SELECT i.id, i.organization_id, i.email, r.name AS role,
       CASE WHEN {person_seen("i.invited_by", "$1", "$6::uuid", "$7")} THEN i.invited_by END AS invited_by,
       i.created_at, i.expires_at, i.version
FROM invitations i JOIN roles r ON r.id = i.role_id
WHERE i.organization_id = $1 AND i.expires_at > $2
  AND ($3::timestamptz IS NULL OR (i.created_at, i.id) < ($3, $4::uuid))
ORDER BY i.created_at DESC, i.id DESC LIMIT $5
"""  # noqa: S608 - made of constants
_INVITED: Final = """
SELECT i.id AS invitation_id, i.organization_id, i.email, i.expires_at, o.name AS organization_name,
       EXISTS (SELECT FROM users WHERE email = i.email) AS registered
FROM invitations i JOIN users u ON u.id = i.invited_by AND u.is_active JOIN organizations o ON o.id = i.organization_id
WHERE i.token_hash = ANY ($1::bytea[])
"""


@dataclass(frozen=True, slots=True)
class SqlOrganizationReader(OrganizationReader):
    """Organizations as they are at the moment."""

    database: Database

    async def find(self, organization_id: OrganizationId) -> OrganizationInfo | None:
        """See `OrganizationReader.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND_ORGANIZATION, organization_id)
        return row and OrganizationInfo(**row)

    async def list(self, member: UserId | None, after: Place | None, most: int) -> Sequence[OrganizationInfo]:
        """See `OrganizationReader.list`."""
        statement, mine = (_LIST_MINE, (member,)) if member else (_LIST_ALL, ())
        async with self.database.read() as connection:
            rows = await connection.fetch(statement, *_place(after), most, *mine)
        return [OrganizationInfo(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class SqlMemberReader(MemberReader):
    """Members as they are at the moment."""

    database: Database

    async def find(self, organization_id: OrganizationId, user_id: UserId, by: Eyes) -> Member | None:
        """See `MemberReader.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND_MEMBER, organization_id, user_id, *astuple(by))
        return row and Member(**row)

    async def list(self, organization_id: OrganizationId, by: Eyes, after: Place | None, most: int) -> Sequence[Member]:
        """See `MemberReader.list`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST_MEMBERS, organization_id, *_place(after), most, *astuple(by))
        return [Member(**row) for row in rows]

    async def among(self, organization_id: OrganizationId, people: Collection[UserId], by: Eyes) -> Collection[UserId]:
        """See `MemberReader.among`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_AMONG, organization_id, people, *astuple(by))
        return {UserId(row["user_id"]) for row in rows}


@dataclass(frozen=True, slots=True)
class SqlInvitationReader(InvitationReader, InvitationLists):
    """Invitations as they are at the moment."""

    database: Database

    async def find(self, hashes: Sequence[bytes]) -> Invited | None:
        """See `InvitationReader.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_INVITED, hashes)
        return row and Invited(**row)

    async def list(
        self, organization_id: OrganizationId, by: Eyes, now: datetime, after: Place | None, most: int
    ) -> Sequence[InvitationInfo]:
        """See `InvitationLists.list`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST_INVITATIONS, organization_id, now, *_place(after), most, *astuple(by))
        return [InvitationInfo(**row) for row in rows]


def _place(after: Place | None) -> tuple[datetime | None, object]:
    return (after.created_at, after.id) if after else (None, None)
