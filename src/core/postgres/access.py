"""Who may do what, asked of Postgres."""

from dataclasses import dataclass
from typing import Any, Final

from core.pipeline import Gate
from core.postgres.database import Database
from domain.kernel.access import Access, Actor
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM
from domain.kernel.usecases import Message

# A grant in the platform's own organization holds everywhere. `*` counts in system roles only.
_HOLDS: Final = """
SELECT EXISTS (
    SELECT FROM grants g JOIN roles r ON r.id = g.role_id
    WHERE g.subject_type = 'user' AND g.subject_id = $1 AND g.organization_id = ANY ($2::uuid[])
      AND ($3 = ANY (r.permissions) OR (r.organization_id IS NULL AND '*' = ANY (r.permissions)))
) AS holds,
EXISTS (
    SELECT FROM memberships WHERE user_id = $1 AND organization_id = ANY ($2::uuid[])
    UNION ALL
    SELECT FROM grants WHERE subject_type = 'user' AND subject_id = $1 AND organization_id = ANY ($2::uuid[])
) AS belongs
"""


@dataclass(frozen=True, slots=True)
class SqlGate(Gate):
    """Ask for the grants of the actor each time: what was withdrawn is gone with the next request."""

    database: Database

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        """See `Gate.check`."""
        organizations = [PLATFORM] if access.within is None else [PLATFORM, getattr(message, access.within)]
        async with self.database.read() as connection:
            found = await connection.fetchrow(_HOLDS, actor.user_id, organizations, access.permission)
        if found["holds"] or (access.permission is None and found["belongs"]):
            return
        raise OrganizationNotFound if access.within and not found["belongs"] else Forbidden
