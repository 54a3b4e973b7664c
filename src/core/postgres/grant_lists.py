"""Roles and grants in Postgres: what queries read."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from core.postgres.database import Database
from core.postgres.walls import person_seen, resource_seen
from domain.access.models import OWNER, SUPERUSER, keeper
from domain.access.readers import GrantFilter, GrantLists, GrantPlace, RoleLists
from domain.access.schemas import GrantedOn, Grantee, GrantInfo, RoleInfo
from domain.kernel.access import Eyes
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import GrantId, OrganizationId, RoleId

# One row of nulls tells an organization without what was sought from one that does not exist.
_ROLES: Final = """
SELECT found.* FROM organizations o LEFT JOIN LATERAL (
    SELECT r.id, r.organization_id, r.name, r.description, r.permissions, r.created_at, r.updated_at, r.version,
           ARRAY(
               SELECT i.name FROM role_inherits n JOIN roles i ON i.id = n.inherited_id WHERE n.role_id = r.id
           ) AS inherits
    FROM roles r
    WHERE (r.organization_id = o.id OR (r.organization_id IS NULL AND r.id <> $2))
      AND ($3::uuid IS NULL OR r.id = $3)
      AND ($4::text IS NULL OR (r.name COLLATE "C", r.id) > ($4, $5::uuid))
    ORDER BY r.name COLLATE "C", r.id LIMIT $6
) found ON true
WHERE o.id = $1
ORDER BY found.name COLLATE "C", found.id
"""
_GRANTS: Final = f"""
SELECT found.* FROM organizations o LEFT JOIN LATERAL (
    SELECT g.id, g.organization_id, g.subject_type, g.subject_id, g.role_id, r.name AS role, g.below, g.effect,
           g.condition::text AS condition, g.expires_at,
           CASE WHEN {person_seen("g.granted_by", "$1", "$11::uuid", "$12")} THEN g.granted_by END AS granted_by,
           g.created_at, g.version,
           s.type AS on_type, s.external_id AS on_id
    FROM grants g JOIN roles r ON r.id = g.role_id LEFT JOIN resources s ON s.id = g.resource_id
    WHERE g.organization_id = o.id AND (g.expires_at IS NULL OR g.expires_at > now())
      AND (g.subject_type <> 'user' OR {person_seen("g.subject_id", "$1", "$11::uuid", "$12")})
      AND ($2::uuid IS NULL OR g.id = $2)
      AND ($3::text IS NULL OR g.subject_type = $3)
      AND ($4::uuid IS NULL OR g.subject_id = $4)
      AND ($5::text IS NULL OR r.name = $5)
      AND ($6::text IS NULL OR s.type = $6)
      AND ($7::text IS NULL OR s.external_id = $7)
      AND (g.resource_id IS NULL OR {resource_seen("s", "$11::uuid", "$12")})
      AND ($8::timestamptz IS NULL OR (g.created_at, g.id) < ($8, $9::uuid))
    ORDER BY g.created_at DESC, g.id DESC LIMIT $10
) found ON true
WHERE o.id = $1
ORDER BY found.created_at DESC, found.id DESC
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class SqlRoleLists(RoleLists):
    """Roles as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, role_id: RoleId) -> RoleInfo | None:
        """See `RoleLists.find`."""
        for role in await self._read(organization_id, role_id, None, 1):
            return role
        return None

    async def list(
        self, organization_id: OrganizationId, after: tuple[str, RoleId] | None, most: int
    ) -> Sequence[RoleInfo]:
        """See `RoleLists.list`."""
        return await self._read(organization_id, None, after, most)

    async def _read(
        self, organization_id: OrganizationId, role_id: RoleId | None, after: tuple[str, RoleId] | None, most: int
    ) -> Sequence[RoleInfo]:
        elsewhere = OWNER if keeper(organization_id) == SUPERUSER else SUPERUSER
        name, last = after or (None, None)
        async with self.database.read() as connection:
            rows = await connection.fetch(_ROLES, organization_id, elsewhere, role_id, name, last, most)
        return [_role(row) for row in _known(rows)]


@dataclass(frozen=True, slots=True)
class SqlGrantLists(GrantLists):
    """Grants as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, grant_id: GrantId, by: Eyes) -> GrantInfo | None:
        """See `GrantLists.find`."""
        for grant in await self._read(organization_id, grant_id, GrantFilter(), by, None, 1):
            return grant
        return None

    async def list(
        self, organization_id: OrganizationId, wanted: GrantFilter, by: Eyes, after: GrantPlace | None, most: int
    ) -> Sequence[GrantInfo]:
        """See `GrantLists.list`."""
        return await self._read(organization_id, None, wanted, by, after, most)

    async def _read(
        self,
        organization_id: OrganizationId,
        grant_id: GrantId | None,
        wanted: GrantFilter,
        by: Eyes,
        after: GrantPlace | None,
        most: int,
    ) -> Sequence[GrantInfo]:
        place = (after.created_at, after.grant_id) if after else (None, None)
        async with self.database.read() as connection:
            rows = await connection.fetch(
                _GRANTS, organization_id, grant_id, *astuple(wanted), *place, most, *astuple(by)
            )
        return [_grant(row) for row in _known(rows)]


def _known(rows: Sequence[Any]) -> Sequence[Any]:
    if not rows:
        raise OrganizationNotFound
    return [row for row in rows if row["id"] is not None]


def _role(row: Any) -> RoleInfo:
    return RoleInfo(
        id=row["id"],
        organization_id=row["organization_id"],
        name=row["name"],
        description=row["description"],
        permissions=sorted(row["permissions"]),
        inherits=sorted(row["inherits"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def _grant(row: Any) -> GrantInfo:
    return GrantInfo(
        id=row["id"],
        organization_id=row["organization_id"],
        subject=Grantee(row["subject_type"], row["subject_id"]),
        role_id=row["role_id"],
        role=row["role"],
        on=GrantedOn(row["on_type"], row["on_id"]) if row["on_type"] is not None else None,
        below=row["below"],
        effect=row["effect"],
        condition=None if row["condition"] is None else json.loads(row["condition"]),
        expires_at=row["expires_at"],
        granted_by=row["granted_by"],
        created_at=row["created_at"],
        version=row["version"],
    )
