"""Roles in Postgres: what commands change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from core.postgres.base import refusing
from core.postgres.work import SqlWork
from domain.access.errors import RoleNameTaken, RoleNotFound
from domain.access.models import MOST_LEVELS, OWNER, SUPERUSER, Role, keeper
from domain.access.repositories import Roles
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, RoleId

COLUMNS: Final = """
    r.id, r.organization_id, r.name, r.description, r.permissions, r.created_at, r.updated_at, r.version,
    ARRAY(SELECT i.inherited_id FROM role_inherits i WHERE i.role_id = r.id) AS inherits
"""
# Foreign keys lock the row too, but less: whoever adds a member or a resource does not wait for a change of roles.
_LOCK = text("SELECT id FROM organizations WHERE id = :organization_id FOR NO KEY UPDATE")
_SELECT: Final = f"SELECT {COLUMNS} FROM roles r WHERE"  # noqa: S608 - made of constants
_GRANTABLE: Final = (
    "(r.organization_id = :organization_id OR (r.organization_id IS NULL AND r.id <> CAST(:elsewhere AS uuid)))"
)
_GET = text(f"{_SELECT} r.id = :role_id AND {_GRANTABLE}")
_NAMED = text(f"{_SELECT} r.name = :name AND {_GRANTABLE} ORDER BY r.organization_id NULLS LAST LIMIT 1")
_SYSTEM = text(f"{_SELECT} r.id = :role_id AND r.organization_id IS NULL FOR UPDATE OF r")
_OWN = text(f"{_SELECT} r.organization_id = :organization_id")
_CLOSURE = text(f"""
WITH RECURSIVE reach (id, level) AS (
    SELECT unnest(CAST(:role_ids AS uuid[])), 1
    UNION SELECT i.inherited_id, reach.level + 1 FROM reach JOIN role_inherits i ON i.role_id = reach.id
    WHERE reach.level < {MOST_LEVELS}
)
{_SELECT} r.id IN (SELECT id FROM reach)
""")  # noqa: S608 - made of constants
_ADD = text("""
INSERT INTO roles (id, organization_id, name, description, permissions, created_at, updated_at, version)
VALUES (:id, :organization_id, :name, :description, CAST(:permissions AS text[]), :created_at, :updated_at, :version)
""")
_KEEP = text("""
UPDATE roles SET name = :name, description = :description, permissions = CAST(:permissions AS text[]),
    updated_at = :updated_at, version = :version
WHERE id = :id
""")
_DISINHERIT = text("DELETE FROM role_inherits WHERE role_id = :id AND inherited_id <> ALL (CAST(:inherits AS uuid[]))")
_INHERIT = text("""
INSERT INTO role_inherits (role_id, inherited_id)
SELECT :id, unnest(CAST(:inherits AS uuid[])) ON CONFLICT DO NOTHING
""")
_REMOVE = text("DELETE FROM roles WHERE id = :id")


@dataclass(frozen=True, slots=True)
class SqlRoles(Roles):
    """Roles, in the transaction of the command."""

    work: SqlWork

    async def lock(self, organization_id: OrganizationId) -> None:
        """See `Roles.lock`."""
        session = await self.work.begin()
        if (await session.execute(_LOCK, {"organization_id": organization_id})).first() is None:
            raise OrganizationNotFound

    async def get(self, organization_id: OrganizationId, role_id: RoleId) -> Role:
        """See `Roles.get`."""
        return await self._one(_GET, **_grantable(organization_id), role_id=role_id)

    async def system(self, role_id: RoleId) -> Role:
        """See `Roles.system`."""
        return await self._one(_SYSTEM, role_id=role_id)

    async def named(self, organization_id: OrganizationId, name: str) -> Role:
        """See `Roles.named`."""
        return await self._one(_NAMED, **_grantable(organization_id), name=name)

    async def closure(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, Role]:
        """See `Roles.closure`."""
        return await self._all(_CLOSURE, role_ids=list(role_ids)) if role_ids else {}

    async def own(self, organization_id: OrganizationId) -> Mapping[RoleId, Role]:
        """See `Roles.own`."""
        return await self._all(_OWN, organization_id=organization_id)

    async def add(self, role: Role) -> None:
        """See `Roles.add`."""
        await self._write(_ADD, role)

    async def keep(self, role: Role) -> None:
        """See `Roles.keep`."""
        await self._write(_KEEP, role)

    async def remove(self, role: Role) -> None:
        """See `Roles.remove`; grants and inheritance go by foreign key."""
        session = await self.work.begin()
        await session.execute(_REMOVE, {"id": role.id})

    async def _write(self, statement: Any, role: Role) -> None:
        session = await self.work.begin()
        with refusing({"uq_roles_name": RoleNameTaken}):
            await session.execute(statement, _values(role))
        inherits = {"id": role.id, "inherits": sorted(role.inherits)}
        for each in (_DISINHERIT, _INHERIT):
            await session.execute(each, inherits)

    async def _one(self, statement: Any, **values: Any) -> Role:
        for role in (await self._all(statement, **values)).values():
            return role
        raise RoleNotFound

    async def _all(self, statement: Any, **values: Any) -> dict[RoleId, Role]:
        session = await self.work.begin()
        return {row.id: _role(row) for row in await session.execute(statement, values)}


def _grantable(organization_id: OrganizationId) -> dict[str, Any]:
    elsewhere = OWNER if keeper(organization_id) == SUPERUSER else SUPERUSER
    return {"organization_id": organization_id, "elsewhere": elsewhere}


def _role(row: Any) -> Role:
    return Role(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        permissions=frozenset(row.permissions),
        inherits=frozenset(row.inherits),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _values(role: Role) -> dict[str, Any]:
    return {
        "id": role.id,
        "organization_id": role.organization_id,
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "created_at": role.created_at,
        "updated_at": role.updated_at,
        "version": role.version,
    }
