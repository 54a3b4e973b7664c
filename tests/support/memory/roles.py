"""Roles in memory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import UUID

from core.postgres.migrating import folder
from domain.access.errors import RoleNameTaken, RoleNotFound
from domain.access.holding import reachable
from domain.access.models import SUPERUSER, Role, grantable
from domain.access.repositories import Roles
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, RoleId
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.store import Memory, copied
from tests.support.memory.tables import GRANTS, ROLES
from tests.support.memory.work import MemoryTables, MemoryWork

SINCE = datetime(2026, 11, 22, tzinfo=UTC)


def seeded() -> dict[RoleId, Role]:
    """Return the system roles as the migrations write them; later ones say in `SEEDED_TOO` what they add."""
    _, _, _, first, *later = map(_migration, sorted((folder() / "versions").glob("*.py")))
    made = {SUPERUSER: ("superuser", "Everything, everywhere.", "*")}
    for number, (name, description) in enumerate(first.ROLES.items(), start=3):
        role_id = RoleId(UUID(f"00000000-0000-7000-8000-{number:012d}"))
        too = [getattr(each, "SEEDED_TOO", {}).get(name, "") for each in later]
        made[role_id] = (name, description, " ".join([first.HELD[name], *too]))
    return {
        role_id: Role(
            id=role_id,
            organization_id=None,
            name=name,
            description=description,
            permissions=frozenset(held.split()),
            created_at=SINCE,
            updated_at=SINCE,
        )
        for role_id, (name, description, held) in made.items()
    }


def _migration(file: Path) -> Any:
    spec = spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


SYSTEM = seeded()


@dataclass(frozen=True, slots=True)
class MemoryRoles(Roles):
    work: MemoryWork

    async def lock(self, organization_id: OrganizationId) -> None:
        tables = await self.work.begin()
        if organization_id != PLATFORM and tables.table(ORGANIZATIONS).get(organization_id) is None:
            raise OrganizationNotFound

    async def get(self, organization_id: OrganizationId, role_id: RoleId) -> Role:
        return self._first(each for each in await self._grantable(organization_id) if each.id == role_id)

    async def system(self, role_id: RoleId) -> Role:
        return self._first(each for each in await self._all() if each.id == role_id and each.is_system)

    async def named(self, organization_id: OrganizationId, name: str) -> Role:
        found = [each for each in await self._grantable(organization_id) if each.name == name]
        return self._first(sorted(found, key=lambda each: each.is_system))

    async def closure(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, Role]:
        roles = {each.id: each for each in await self._all()}
        return {role_id: roles[role_id] for role_id in reachable(role_ids, roles) if role_id in roles}

    async def own(self, organization_id: OrganizationId) -> Mapping[RoleId, Role]:
        return {each.id: each for each in await self._all() if each.organization_id == organization_id}

    async def add(self, role: Role) -> None:
        await self.keep(role)

    async def keep(self, role: Role) -> None:
        others = [each for each in await self._all() if each.organization_id == role.organization_id]
        if any(each.name == role.name and each.id != role.id for each in others):
            raise RoleNameTaken
        (await self.work.begin()).table(ROLES).put(role.id, role)

    async def remove(self, role: Role) -> None:
        tables = await self.work.begin()
        tables.table(ROLES).remove(role.id)
        for each in await self._all():
            if role.id in each.inherits:
                each.inherits -= {role.id}
        for grant in tables.table(GRANTS).values():
            if grant.role_id == role.id:
                tables.table(GRANTS).remove(grant.id)

    async def _all(self) -> list[Role]:
        return every_role(await self.work.begin())

    async def _grantable(self, organization_id: OrganizationId) -> list[Role]:
        return [
            each
            for each in await self._all()
            if (grantable(organization_id, each.id) if each.is_system else each.organization_id == organization_id)
        ]

    def _first(self, found: Any) -> Role:
        for role in found:
            kept: Role = role
            return kept
        raise RoleNotFound


def every_role(tables: MemoryTables) -> list[Role]:
    """Return all roles, to be changed at will."""
    rows: list[Role] = tables.table(ROLES).values()
    known = {each.id for each in rows}
    return rows + [copied(each) for role_id, each in SYSTEM.items() if role_id not in known]


def known_by_name(memory: Memory, organization_id: OrganizationId, name: str) -> RoleId:
    """Return the committed role of that name, own ones first."""
    found = [
        each
        for each in every_role(MemoryTables(memory))
        if each.name == name and each.organization_id in {None, organization_id}
    ]
    return min(found, key=lambda each: each.is_system).id
