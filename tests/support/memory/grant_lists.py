"""Roles and grants in memory, as queries read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.access.editing import described
from domain.access.models import Grant, Role, grantable
from domain.access.readers import GrantFilter, GrantLists, GrantPlace, RoleLists
from domain.access.schemas import GrantedOn, Grantee, GrantInfo, RoleInfo
from domain.kernel.access import Eyes
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, UserId
from domain.kernel.ports import Clock
from tests.support.memory.configuration import exists
from tests.support.memory.roles import every_role
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, RESOURCES
from tests.support.memory.walls import person_seen, resource_seen
from tests.support.memory.work import MemoryTables


def known_roles(memory: Memory) -> dict[RoleId, Role]:
    return {each.id: each for each in every_role(MemoryTables(memory))}


@dataclass(frozen=True, slots=True)
class MemoryRoleLists(RoleLists):
    memory: Memory

    async def find(self, organization_id: OrganizationId, role_id: RoleId) -> RoleInfo | None:
        return next((each for each in self._all(organization_id) if each.id == role_id), None)

    async def list(
        self, organization_id: OrganizationId, after: tuple[str, RoleId] | None, most: int
    ) -> Sequence[RoleInfo]:
        found = sorted(self._all(organization_id), key=lambda each: (each.name, each.id))
        return [each for each in found if after is None or (each.name, each.id) > after][:most]

    def _all(self, organization_id: OrganizationId) -> Sequence[RoleInfo]:
        if not exists(self.memory, organization_id):
            raise OrganizationNotFound
        known = known_roles(self.memory)
        return [
            described(each, known)
            for each in known.values()
            if (grantable(organization_id, each.id) if each.is_system else each.organization_id == organization_id)
        ]


@dataclass(frozen=True, slots=True)
class MemoryGrantLists(GrantLists):
    memory: Memory
    clock: Clock

    async def find(self, organization_id: OrganizationId, grant_id: GrantId, by: Eyes) -> GrantInfo | None:
        return next((each for each in self._all(organization_id, by) if each.id == grant_id), None)

    async def list(
        self, organization_id: OrganizationId, wanted: GrantFilter, by: Eyes, after: GrantPlace | None, most: int
    ) -> Sequence[GrantInfo]:
        found = sorted(self._all(organization_id, by), key=lambda each: (each.created_at, each.id), reverse=True)
        fitting = [
            each
            for each in found
            if wanted.subject_type in {None, each.subject.type}
            and wanted.subject_id in {None, each.subject.id}
            and wanted.role in {None, each.role}
            and wanted.resource_type in {None, each.on.type if each.on else None}
            and wanted.resource_id in {None, each.on.id if each.on else None}
            and (after is None or (each.created_at, each.id) < (after.created_at, after.grant_id))
        ]
        return fitting[:most]

    def _all(self, organization_id: OrganizationId, by: Eyes) -> Sequence[GrantInfo]:
        if not exists(self.memory, organization_id):
            raise OrganizationNotFound
        grants: list[Grant] = list(self.memory.table(GRANTS).values())
        now = self.clock.now()
        return [
            self._shown(each, by)
            for each in grants
            if each.place.organization_id == organization_id
            and (each.expires_at is None or each.expires_at > now)
            and (each.subject.type != "user" or person_seen(self.memory, organization_id, UserId(each.subject.id), by))
            and (each.place.resource_id is None or self._sees(each.place.resource_id, by))
        ]

    def _sees(self, resource_id: ResourceId, by: Eyes) -> bool:
        resource = self.memory.table(RESOURCES).get(resource_id)
        return resource is not None and resource_seen(self.memory, resource, by)

    def _shown(self, grant: Grant, by: Eyes) -> GrantInfo:
        granter = grant.granted_by
        resource = self.memory.table(RESOURCES).get(grant.place.resource_id)
        return GrantInfo(
            id=grant.id,
            organization_id=grant.place.organization_id,
            subject=Grantee(grant.subject.type, grant.subject.id),  # type: ignore[arg-type]  # one of three names
            role_id=grant.role_id,
            role=known_roles(self.memory)[grant.role_id].name,
            on=GrantedOn(resource.type, resource.external_id) if resource else None,
            below=grant.place.below,
            effect="deny" if grant.denies else "allow",
            condition=grant.condition,
            expires_at=grant.expires_at,
            granted_by=granter if person_seen(self.memory, grant.place.organization_id, granter, by) else None,
            created_at=grant.created_at,
            version=grant.version,
        )
