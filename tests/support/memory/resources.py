"""Resources in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.access.facade import Subject
from domain.kernel.access import Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.resources.errors import (
    OwnerNotFound,
    ParentNotFound,
    ResourceNotEmpty,
    ResourceNotFound,
    ResourceTaken,
    TooDeep,
    TooManyMoved,
)
from domain.resources.models import DEEPEST, Resource, ResourceKey
from domain.resources.ports import Belonging
from domain.resources.readers import ResourceFilter, ResourceReader
from domain.resources.repositories import Resources
from domain.resources.schemas import ResourceInfo, ResourceName, info
from tests.support.memory.configuration import exists
from tests.support.memory.sight import Sight
from tests.support.memory.store import Memory, MemoryTable
from tests.support.memory.tables import MEMBERSHIPS, RESOURCES, SERVICE_ACCOUNTS, TEAMS, VISIBILITY_CONTENTS
from tests.support.memory.work import MemoryWork


async def people(work: MemoryWork, organization_id: OrganizationId) -> set[UserId]:
    """Return the members of the organization."""
    rows = (await work.begin()).table(MEMBERSHIPS).values()
    return {each.user_id for each in rows if each.organization_id == organization_id}


@dataclass(frozen=True, slots=True)
class MemoryResources(Resources):
    work: MemoryWork

    async def hold(self, organization_id: OrganizationId, *, moving: bool) -> None:
        await self.work.begin()

    async def named(
        self, organization_id: OrganizationId, keys: Collection[ResourceKey]
    ) -> Mapping[ResourceKey, Resource]:
        return {each.key: each for each in await self._of(organization_id) if each.key in keys}

    async def renewed(self, resources: Collection[Resource]) -> Mapping[ResourceKey, Resource]:
        table = await self._table()
        return {each.key: table.get(each.id) for each in resources if table.get(each.id)}

    async def get(self, organization_id: OrganizationId, resource_id: ResourceId) -> Resource:
        found: Resource | None = (await self._table()).get(resource_id)
        if found is None or found.organization_id != organization_id:
            raise ResourceNotFound
        return found

    async def add(self, resources: Sequence[Resource]) -> None:
        table = await self._table()
        for each in resources:
            if not exists(self.work.memory, each.organization_id):
                raise OrganizationNotFound
            if any(each.key == other.key for other in await self._of(each.organization_id)):
                raise ResourceTaken
            table.put(each.id, each)
        await self._check(resources)
        await self._wall(resources)

    async def keep(self, resources: Sequence[Resource]) -> None:
        await self._check(resources)

    async def move(self, resources: Sequence[Resource], most: int) -> None:
        paths = {each.id: each.path for each in resources}
        followed = [each for each in (await self._table()).values() if paths.keys() & {*each.path}]
        if len(followed) > most:
            raise TooManyMoved
        for below in followed:
            place, above = next((place, above) for place, above in enumerate(below.path) if above in paths)
            below.path = (*below.path[:place], *paths[above])
            if len(below.path) > DEEPEST:
                raise TooDeep
        await self._wall(followed)

    async def below(self, resource: Resource, most: int) -> Sequence[Resource]:
        found = [each for each in (await self._table()).values() if resource.id in each.path[1:]]
        return sorted(found, key=lambda each: each.id)[:most]

    async def remove(self, resources: Sequence[Resource]) -> None:
        gone = {each.id for each in resources}
        table = await self._table()
        if any(each.parent and each.parent.id in gone and each.id not in gone for each in table.values()):
            raise ResourceNotEmpty
        for resource_id in gone:
            table.remove(resource_id)

    async def _table(self) -> MemoryTable:
        return (await self.work.begin()).table(RESOURCES)

    async def _of(self, organization_id: OrganizationId) -> Iterator[Resource]:
        return (each for each in (await self._table()).values() if each.organization_id == organization_id)

    async def _check(self, resources: Sequence[Resource]) -> None:
        table = await self._table()
        for each in resources:
            if each.owner_id and each.owner_id not in await people(self.work, each.organization_id):
                raise OwnerNotFound
            parent: Resource | None = table.get(each.parent.id) if each.parent else None
            if each.parent and (parent is None or parent.organization_id != each.organization_id):
                raise ParentNotFound

    async def _wall(self, resources: Sequence[Resource]) -> None:
        grouped = {each.resource_id for each in (await self.work.begin()).table(VISIBILITY_CONTENTS).values()}
        for each in resources:
            each.wall_id = next((above for above in each.path if above in grouped), None)


@dataclass(frozen=True, slots=True)
class MemoryBelonging(Belonging):
    work: MemoryWork

    async def people(self, organization_id: OrganizationId, user_ids: Collection[UserId]) -> Collection[UserId]:
        return await people(self.work, organization_id) & {*user_ids}

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        if subject.type == "user":
            return subject.id in await people(self.work, organization_id)
        name = {"team": TEAMS, "service_account": SERVICE_ACCOUNTS}.get(subject.type)
        rows = (await self.work.begin()).table(name).values() if name else []
        return any((each.organization_id, each.id) == (organization_id, subject.id) for each in rows)


@dataclass(frozen=True, slots=True)
class MemoryResourceReader(ResourceReader):
    memory: Memory
    sight: Sight

    async def find(
        self, actor: Actor, organization_id: OrganizationId, resource_id: ResourceId, seen: ConsistencyToken | None
    ) -> ResourceInfo | None:
        found: Resource | None = self.memory.table(RESOURCES).get(resource_id)
        if found is None or found.organization_id != organization_id or not await self.sight.reads(actor, found):
            return None
        return await self._shown(actor, found)

    async def list(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        wanted: ResourceFilter,
        after: ResourceId | None,
        most: int,
        seen: ConsistencyToken | None,
    ) -> Sequence[ResourceInfo]:
        rows: list[Resource] = sorted(self.memory.table(RESOURCES).values(), key=lambda each: each.id, reverse=True)
        read = [
            each for each in rows if each.organization_id == organization_id and await self.sight.reads(actor, each)
        ]
        parent = wanted.parent and ResourceName(wanted.parent.type, wanted.parent.external_id)
        return [
            each
            for each in [await self._shown(actor, each) for each in read]
            if wanted.type in {None, each.type}
            and wanted.owner in {None, each.owner}
            and each.external_id.startswith(wanted.external_id_prefix or "")
            and parent in {None, each.parent}
            and (after is None or each.id < after)
        ][:most]

    async def _shown(self, actor: Actor, resource: Resource) -> ResourceInfo:
        told, organization_id = info(resource), resource.organization_id
        if told.owner and not await self.sight.knows(actor, organization_id, told.owner):
            told = replace(told, owner=None)
        above = self.memory.table(RESOURCES).get(resource.parent.id) if resource.parent else None
        return told if above and await self.sight.reads(actor, above) else replace(told, parent=None)
