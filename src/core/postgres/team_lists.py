"""Teams in Postgres: what queries read."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from core.postgres.database import Database
from core.postgres.walls import person_seen
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.teams.readers import TeamFilter, TeamLists, TeamPlace
from domain.teams.schemas import TeamInfo, TeamMemberInfo, TeamRole

_SHOWN: Final = "SELECT id, organization_id, parent_id, name, created_at, updated_at, version FROM teams"
_FIND: Final = f"{_SHOWN} WHERE organization_id = $1 AND id = $2"
_LIST: Final = f"""
{_SHOWN}
WHERE organization_id = $1 AND ($2::uuid IS NULL OR parent_id = $2) AND (NOT $3 OR parent_id IS NULL)
  AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC LIMIT $6
"""
_MEMBERS: Final = f"""
SELECT m.user_id, m.role, m.created_at FROM team_members m
WHERE m.organization_id = $1 AND m.team_id = $2 AND ($3::uuid IS NULL OR m.user_id > $3)
  AND {person_seen("m.user_id", "$1", "$5::uuid", "$6")}
ORDER BY m.user_id LIMIT $4
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class SqlTeamLists(TeamLists):
    """Teams as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> TeamInfo | None:
        """See `TeamLists.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, organization_id, team_id)
        return row and TeamInfo(**row)

    async def list(self, wanted: TeamFilter, after: TeamPlace | None, most: int) -> Sequence[TeamInfo]:
        """See `TeamLists.list`."""
        asked = (wanted.organization_id, wanted.parent_id, wanted.top)
        place = (after.created_at, after.team_id) if after else (None, None)
        async with self.database.read() as connection:
            return [TeamInfo(**row) for row in await connection.fetch(_LIST, *asked, *place, most)]

    async def members(
        self, organization_id: OrganizationId, team_id: TeamId, by: Eyes, after: UserId | None, most: int
    ) -> Sequence[TeamMemberInfo]:
        """See `TeamLists.members`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_MEMBERS, organization_id, team_id, after, most, *astuple(by))
        return [TeamMemberInfo(row["user_id"], TeamRole(row["role"]), row["created_at"]) for row in rows]
