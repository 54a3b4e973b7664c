"""Visibility groups in Postgres: what queries read."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final
from uuid import UUID

from core.postgres.database import Database
from core.postgres.walls import groups_of, person_seen
from domain.kernel.access import Eyes
from domain.kernel.ids import GroupId, OrganizationId
from domain.visibility.readers import GroupPlace, Placed, VisibilityLists
from domain.visibility.schemas import (
    ContentName,
    VisibilityContentInfo,
    VisibilityGroupInfo,
    VisibilityMemberInfo,
)

_SHOWN: Final = "SELECT id, organization_id, name, created_at, updated_at, version FROM visibility_groups"
_FIND: Final = f"{_SHOWN} WHERE organization_id = $1 AND id = $2"
_LIST: Final = f"""
{_SHOWN}
WHERE organization_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4
"""
_MEMBERS: Final = f"""
SELECT m.user_id, m.team_id FROM visibility_members m
WHERE m.organization_id = $1 AND m.group_id = $2 AND ($3::uuid IS NULL OR coalesce(m.user_id, m.team_id) > $3)
  AND (m.user_id IS NULL OR {person_seen("m.user_id", "$1", "$5::uuid", "$6")})
ORDER BY coalesce(m.user_id, m.team_id) LIMIT $4
"""  # noqa: S608 - made of constants
# Who is in one of the groups of something sees it: what is in this group is walled by this very group, at least.
_CONTENTS: Final = f"""
SELECT coalesce(c.resource_id, c.user_id) AS place, r.type, r.external_id, c.user_id
FROM visibility_contents c LEFT JOIN resources r ON r.id = c.resource_id
WHERE c.organization_id = $1 AND c.group_id = $2 AND ($5::uuid IS NULL OR coalesce(c.resource_id, c.user_id) > $5)
  AND CASE WHEN c.resource_id IS NULL THEN {person_seen("c.user_id", "$1", "$3::uuid", "$4")}
    ELSE $4 OR r.owner_id = $3 OR EXISTS (
      SELECT FROM visibility_contents other
      WHERE other.resource_id = c.resource_id AND other.group_id IN ({groups_of("$3::uuid")})
    ) END
ORDER BY place LIMIT $6
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class SqlVisibilityLists(VisibilityLists):
    """Visibility groups as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroupInfo | None:
        """See `VisibilityLists.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, organization_id, group_id)
        return row and VisibilityGroupInfo(**row)

    async def list(
        self, organization_id: OrganizationId, after: GroupPlace | None, most: int
    ) -> Sequence[VisibilityGroupInfo]:
        """See `VisibilityLists.list`."""
        place = (after.created_at, after.group_id) if after else (None, None)
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST, organization_id, *place, most)
        return [VisibilityGroupInfo(**row) for row in rows]

    async def members(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[VisibilityMemberInfo]:
        """See `VisibilityLists.members`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_MEMBERS, organization_id, group_id, after, most, *astuple(by))
        return [VisibilityMemberInfo(**row) for row in rows]

    async def contents(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[Placed]:
        """See `VisibilityLists.contents`."""
        asked = organization_id, group_id, by.user_id, by.bypass, after, most
        async with self.database.read() as connection:
            rows = await connection.fetch(_CONTENTS, *asked)
        return [Placed(row["place"], _content(row)) for row in rows]


def _content(row: Any) -> VisibilityContentInfo:
    resource = ContentName(row["type"], row["external_id"]) if row["type"] is not None else None
    return VisibilityContentInfo(resource, row["user_id"])
