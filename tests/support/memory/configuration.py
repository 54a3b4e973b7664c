"""Configuration documents in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.personal import PersonalKeys, new_salt
from core.sealed_documents import Salts, SealedBodies
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.organizations.documents import Document
from domain.organizations.models import Body, ConfigurationHead
from domain.organizations.ports import BodyMissing, ConfigurationBodies, ConfigurationReader, References, Revision
from domain.organizations.repositories import ConfigurationHeads
from tests.support.memory.identity import USERS
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

ORGANIZATIONS = "organizations"
"""By id; the platform exists without a row."""
HEADS = "configuration_heads"
"""By organization and namespace."""
PAST = "configuration_versions"
"""The ids of bodies that were in force."""
BODIES = "configuration_bodies"
"""By id."""
MENTIONS = "configuration_people"
"""True by person, head and version."""
SALTS = "person_keys"
"""By person."""
PEOPLE = PersonalKeys((b"the key that seals personal data",))


def exists(memory: Memory, organization_id: OrganizationId) -> bool:
    return organization_id == PLATFORM or organization_id in memory.table(ORGANIZATIONS)


@dataclass(frozen=True, slots=True)
class MemoryConfigurationHeads(ConfigurationHeads):
    work: MemoryWork

    async def find(self, organization_id: OrganizationId, namespace: str) -> ConfigurationHead | None:
        tables = await self.work.begin()
        head: ConfigurationHead | None = tables.table(HEADS).get((organization_id, namespace))
        if head:
            tables.table(PAST).put(head.body_id, True)
        return head

    async def add(self, head: ConfigurationHead) -> None:
        if not exists(self.work.memory, head.organization_id):
            raise OrganizationNotFound
        table = (await self.work.begin()).table(HEADS)
        if table.get((head.organization_id, head.namespace)):
            raise PreconditionFailed
        table.put((head.organization_id, head.namespace), head)

    async def hold(self, people: Collection[UserId]) -> None:
        tables = await self.work.begin()
        if any(tables.table(USERS).get(each) is None for each in people):
            raise ConcurrentChange
        self.work.pending.shown |= {*people}

    async def mention(self, head: ConfigurationHead, people: Collection[UserId]) -> None:
        table = (await self.work.begin()).table(MENTIONS)
        for each in people:
            table.put((each, head.id, head.version), True)


@dataclass(frozen=True, slots=True)
class MemoryConfigurationReader(ConfigurationReader):
    memory: Memory

    async def current(self, organization_id: OrganizationId, namespace: str) -> Revision | None:
        if not exists(self.memory, organization_id):
            raise OrganizationNotFound
        head = self.memory.table(HEADS).get((organization_id, namespace))
        return Revision(head.version, head.body_id, head.digest, head.updated_at) if head else None

    async def referenced(self, body_ids: Sequence[UUID]) -> Collection[UUID]:
        in_force = {head.body_id for head in self.memory.table(HEADS).values()}
        return {*body_ids} & (in_force | self.memory.table(PAST).keys())


@dataclass(frozen=True, slots=True)
class MemoryConfigurationBodies(ConfigurationBodies):
    memory: Memory

    async def put(self, body: Body) -> None:
        self.memory.table(BODIES).setdefault(body.id, body)

    async def get(self, body_id: UUID) -> Document:
        body: Body | None = self.memory.table(BODIES).get(body_id)
        if body is None:
            raise BodyMissing(str(body_id))
        return body.document

    async def collect(self, older_than: datetime, referenced: References) -> int:
        stored: dict[UUID, Body] = self.memory.table(BODIES)
        old = [body.id for body in stored.values() if body.written_at < older_than]
        orphans = {*old} - {*await referenced(old)}
        for body_id in orphans:
            del stored[body_id]
        return len(orphans)


@dataclass(frozen=True, slots=True)
class MemorySalts(Salts):
    memory: Memory

    async def given(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        for each in people:
            if each in self.memory.table(USERS):
                self.memory.table(SALTS).setdefault(each, new_salt())
        return await self.known(people)

    async def known(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        salts: dict[UUID, bytes] = self.memory.table(SALTS)
        return {each: salts[each] for each in people if each in salts}


def sealed_bodies(memory: Memory) -> SealedBodies:
    """Return the store as the service has it."""
    return SealedBodies(MemoryConfigurationBodies(memory), PEOPLE, MemorySalts(memory))
