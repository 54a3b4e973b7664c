"""Who is in visibility groups, and who sees whom, in Postgres.

Locks: see `core.postgres.visibility`.
"""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import text

from core.postgres.base import refusing
from core.postgres.teams import GROUPS, hold_teams
from core.postgres.walls import person_seen
from core.postgres.work import SqlWork
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, UserId
from domain.visibility.errors import AlreadyInGroup, NotInGroup, ViewerNotFound
from domain.visibility.models import Viewer, VisibilityGroup
from domain.visibility.repositories import Viewers

VIEWED: Final = {
    "fk_visibility_members_user_id": ViewerNotFound,
    "fk_visibility_members_team_id": ViewerNotFound,
    "uq_visibility_members": AlreadyInGroup,
}
_INCLUDES = text(f"SELECT :group_id IN ({GROUPS})")
# Nobody is put in these teams while it is decided who is in them, for that might be the one who decides.
_STILL = text("""
SELECT FROM teams WHERE organization_id = :organization_id AND path @> ARRAY[CAST(:team_id AS uuid)]
ORDER BY id FOR SHARE
""")
_WITHIN = text("""
SELECT EXISTS (
    SELECT FROM team_members m JOIN teams t ON t.id = m.team_id
    WHERE m.user_id = :user_id AND t.organization_id = :organization_id AND t.path @> ARRAY[CAST(:team_id AS uuid)]
)
""")
_TEAM = text("SELECT EXISTS (SELECT FROM teams WHERE id = :team_id AND organization_id = :organization_id)")
_PERSON = text(f"""
SELECT EXISTS (
    SELECT FROM memberships WHERE user_id = :seen AND organization_id = :organization_id
) AND {person_seen("CAST(:seen AS uuid)", ":organization_id", ":user_id", ":bypass")}
""")  # noqa: S608 - made of constants
_ADD = text("""
INSERT INTO visibility_members (group_id, organization_id, user_id, team_id)
VALUES (:group_id, :organization_id, :user_id, :team_id)
""")
_REMOVE = text("""
DELETE FROM visibility_members
WHERE group_id = :group_id AND user_id IS NOT DISTINCT FROM :user_id AND team_id IS NOT DISTINCT FROM :team_id
RETURNING 1
""")


@dataclass(frozen=True, slots=True)
class SqlViewers(Viewers):
    """Who is in visibility groups, in the transaction of the command."""

    work: SqlWork

    async def includes(self, group: VisibilityGroup, user_id: UserId) -> bool:
        """See `Viewers.includes`."""
        session = await self.work.begin()
        return bool(await session.scalar(_INCLUDES, {"group_id": group.id, "user_id": user_id}))

    async def stands_for(self, organization_id: OrganizationId, viewer: Viewer, user_id: UserId) -> bool:
        """See `Viewers.stands_for`."""
        if viewer.team_id is None:
            return viewer.user_id == user_id
        session = await self.work.begin()
        await hold_teams(session, organization_id)
        asked = {"organization_id": organization_id, "team_id": viewer.team_id}
        await session.execute(_STILL, asked)
        return bool(await session.scalar(_WITHIN, asked | {"user_id": user_id}))

    async def seen(self, organization_id: OrganizationId, viewer: Viewer, by: Eyes) -> bool:
        """See `Viewers.seen`."""
        session = await self.work.begin()
        asked = {"organization_id": organization_id}
        if viewer.team_id is not None:
            return bool(await session.scalar(_TEAM, asked | {"team_id": viewer.team_id}))
        return bool(await session.scalar(_PERSON, asked | {"seen": viewer.user_id} | asdict(by)))

    async def add(self, group: VisibilityGroup, viewer: Viewer) -> None:
        """See `Viewers.add`."""
        session = await self.work.begin()
        row = {"group_id": group.id, "organization_id": group.organization_id}
        with refusing(VIEWED):
            await session.execute(_ADD, row | asdict(viewer))

    async def remove(self, group: VisibilityGroup, viewer: Viewer) -> None:
        """See `Viewers.remove`."""
        session = await self.work.begin()
        removed = await session.execute(_REMOVE, {"group_id": group.id} | asdict(viewer))
        if removed.first() is None:
            raise NotInGroup
