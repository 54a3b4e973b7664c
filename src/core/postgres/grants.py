"""Grants in Postgres: what commands change."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from core.postgres.base import refusing
from core.postgres.work import SqlWork
from domain.access.errors import GrantExists, GrantNotFound, RoleNotFound
from domain.access.facade import Place, Subject
from domain.access.models import OWNER, Grant, keeper
from domain.access.repositories import Grants
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, RoleId, UserId

_SELECT: Final = """
SELECT g.id, g.organization_id, g.subject_type, g.subject_id, g.role_id, g.resource_id, g.below, g.effect,
       g.condition::text AS condition, g.expires_at, g.granted_by, g.created_at, g.version
FROM grants g
"""
_REACHING = text(f"""
{_SELECT}
WHERE (g.subject_type, g.subject_id) IN (
    SELECT 'user', CAST(:user_id AS uuid)
    UNION ALL
    SELECT 'team', unnest(t.path) FROM team_members m JOIN teams t ON t.id = m.team_id
    WHERE m.user_id = :user_id AND m.organization_id IN (:organization_id, :platform)
) AND (g.organization_id = :organization_id OR (g.organization_id = :platform AND g.resource_id IS NULL))
""")  # noqa: S608 - made of constants
_GET = text(f"{_SELECT} WHERE g.id = :grant_id AND g.organization_id = :organization_id FOR UPDATE OF g")
_FIND = text(f"""
{_SELECT}
WHERE g.subject_type = :subject_type AND g.subject_id = :subject_id AND g.organization_id = :organization_id
  AND g.role_id = :role_id AND g.effect = :effect AND g.resource_id IS NOT DISTINCT FROM CAST(:resource_id AS uuid)
FOR UPDATE OF g
""")
_OF = text(f"""
{_SELECT}
WHERE g.subject_type = :subject_type AND g.subject_id = :subject_id AND g.organization_id = :organization_id
ORDER BY g.id FOR UPDATE OF g
""")
KEEPS: Final = """
g.role_id = :role_id AND g.subject_type = 'user' AND g.effect = 'allow' AND g.resource_id IS NULL
AND g.condition IS NULL AND g.expires_at IS NULL
"""
_KEEPERS = text(f"""
SELECT u.id, u.is_active FROM grants g JOIN users u ON u.id = g.subject_id
WHERE g.organization_id = :organization_id AND {KEEPS}
""")  # noqa: S608 - made of constants
# A statement of its own: only the next one sees what others committed while this one waited.
_HOLD = text("""
SELECT id FROM organizations WHERE id IN (
    SELECT organization_id FROM memberships WHERE user_id = :user_id
) ORDER BY id FOR NO KEY UPDATE
""")
_ALONE = text(f"""
WITH keeping AS (
    SELECT g.organization_id, g.subject_id FROM grants g WHERE g.organization_id <> :platform AND {KEEPS}
)
SELECT mine.organization_id FROM keeping mine WHERE mine.subject_id = :user_id AND NOT EXISTS (
    SELECT FROM keeping other JOIN users u ON u.id = other.subject_id
    WHERE other.organization_id = mine.organization_id AND other.subject_id <> :user_id AND u.is_active
) ORDER BY 1
""")  # noqa: S608 - made of constants
_DENIED = text("SELECT EXISTS (SELECT FROM grants WHERE role_id = ANY (CAST(:role_ids AS uuid[])) AND effect = 'deny')")
_ADD = text("""
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, below, effect, condition,
                    expires_at, granted_by, created_at, version)
VALUES (:id, :organization_id, :subject_type, :subject_id, :role_id, :resource_id, :below, :effect,
        CAST(CAST(:condition AS text) AS jsonb), :expires_at, :granted_by, :created_at, :version)
""")
_REMOVE = text("DELETE FROM grants WHERE id = :id")


@dataclass(frozen=True, slots=True)
class SqlGrants(Grants):
    """Grants, in the transaction of the command."""

    work: SqlWork

    async def reaching(self, user_id: UserId, organization_id: OrganizationId) -> Sequence[Grant]:
        """See `Grants.reaching`."""
        return await self._all(_REACHING, user_id=user_id, organization_id=organization_id, platform=PLATFORM)

    async def get(self, organization_id: OrganizationId, grant_id: GrantId) -> Grant:
        """See `Grants.get`."""
        for grant in await self._all(_GET, grant_id=grant_id, organization_id=organization_id):
            return grant
        raise GrantNotFound

    async def find(self, place: Place, subject: Subject, role_id: RoleId, effect: str) -> Grant | None:
        """See `Grants.find`."""
        found = await self._all(
            _FIND,
            **_subject(place.organization_id, subject),
            role_id=role_id,
            effect=effect,
            resource_id=place.resource_id,
        )
        return found[0] if found else None

    async def of(self, organization_id: OrganizationId, subject: Subject) -> Sequence[Grant]:
        """See `Grants.of`."""
        return await self._all(_OF, **_subject(organization_id, subject))

    async def keepers(self, organization_id: OrganizationId) -> Mapping[UserId, bool]:
        """See `Grants.keepers`."""
        session = await self.work.begin()
        values = {"organization_id": organization_id, "role_id": keeper(organization_id)}
        return {row.id: row.is_active for row in await session.execute(_KEEPERS, values)}

    async def kept_alone(self, user_id: UserId) -> Collection[OrganizationId]:
        """See `Grants.kept_alone`."""
        session = await self.work.begin()
        await session.execute(_HOLD, {"user_id": user_id})
        values = {"user_id": user_id, "role_id": OWNER, "platform": PLATFORM}
        return [row.organization_id for row in await session.execute(_ALONE, values)]

    async def denied(self, role_ids: Collection[RoleId]) -> bool:
        """See `Grants.denied`."""
        session = await self.work.begin()
        return bool(await session.scalar(_DENIED, {"role_ids": list(role_ids)}))

    async def add(self, grant: Grant) -> None:
        """See `Grants.add`."""
        session = await self.work.begin()
        with refusing({"uq_grants_subject": GrantExists, "fk_grants_role_id": RoleNotFound}):
            await session.execute(_ADD, _values(grant))

    async def remove(self, grant: Grant) -> None:
        """See `Grants.remove`."""
        session = await self.work.begin()
        await session.execute(_REMOVE, {"id": grant.id})

    async def _all(self, statement: Any, **values: Any) -> list[Grant]:
        session = await self.work.begin()
        return [_grant(row) for row in await session.execute(statement, values)]


def _subject(organization_id: OrganizationId, subject: Subject) -> dict[str, Any]:
    return {"organization_id": organization_id, "subject_type": subject.type, "subject_id": subject.id}


def _grant(row: Any) -> Grant:
    return Grant(
        id=row.id,
        place=Place(row.organization_id, row.resource_id, row.below),
        subject=Subject(row.subject_type, row.subject_id),
        role_id=row.role_id,
        effect=row.effect,
        condition=None if row.condition is None else json.loads(row.condition),
        expires_at=row.expires_at,
        granted_by=row.granted_by,
        created_at=row.created_at,
        version=row.version,
    )


def _values(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        **_subject(grant.place.organization_id, grant.subject),
        "role_id": grant.role_id,
        "resource_id": grant.place.resource_id,
        "below": grant.place.below,
        "effect": grant.effect,
        "condition": None if grant.condition is None else json.dumps(grant.condition),
        "expires_at": grant.expires_at,
        "granted_by": grant.granted_by,
        "created_at": grant.created_at,
        "version": grant.version,
    }
