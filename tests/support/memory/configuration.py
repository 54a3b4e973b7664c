"""Configuration documents in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.errors import PreconditionFailed
from domain.kernel.ids import PLATFORM, OrganizationId
from domain.organizations.documents import Document
from domain.organizations.errors import OrganizationNotFound
from domain.organizations.models import Body, ConfigurationHead
from domain.organizations.ports import (
    BodyMissing,
    ConfigurationBodies,
    ConfigurationReader,
    References,
    Revision,
)
from domain.organizations.repositories import ConfigurationHeads


@dataclass
class MemoryConfiguration:
    """All there is."""

    organizations: set[OrganizationId] = field(default_factory=lambda: {PLATFORM})
    heads: dict[tuple[OrganizationId, str], ConfigurationHead] = field(default_factory=dict)
    bodies: dict[UUID, Body] = field(default_factory=dict)
    past: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class MemoryConfigurationHeads(ConfigurationHeads):
    store: MemoryConfiguration

    async def find(self, organization_id: OrganizationId, namespace: str) -> ConfigurationHead | None:
        head = self.store.heads.get((organization_id, namespace))
        if head:
            self.store.past.add(head.body_id)
        return head

    async def add(self, head: ConfigurationHead) -> None:
        if head.organization_id not in self.store.organizations:
            raise OrganizationNotFound
        if (head.organization_id, head.namespace) in self.store.heads:
            raise PreconditionFailed
        self.store.heads[head.organization_id, head.namespace] = head


@dataclass(frozen=True, slots=True)
class MemoryConfigurationReader(ConfigurationReader):
    store: MemoryConfiguration

    async def current(self, organization_id: OrganizationId, namespace: str) -> Revision | None:
        if organization_id not in self.store.organizations:
            raise OrganizationNotFound
        head = self.store.heads.get((organization_id, namespace))
        return Revision(head.version, head.body_id, head.digest, head.updated_at) if head else None

    async def referenced(self, body_ids: Sequence[UUID]) -> Collection[UUID]:
        return {*body_ids} & (self.store.past | {head.body_id for head in self.store.heads.values()})


@dataclass(frozen=True, slots=True)
class MemoryConfigurationBodies(ConfigurationBodies):
    store: MemoryConfiguration

    async def put(self, body: Body) -> None:
        self.store.bodies.setdefault(body.id, body)

    async def get(self, body_id: UUID) -> Document:
        try:
            return self.store.bodies[body_id].document
        except KeyError:
            raise BodyMissing(str(body_id)) from None

    async def collect(self, older_than: datetime, referenced: References) -> int:
        old = [body.id for body in self.store.bodies.values() if body.written_at < older_than]
        orphans = {*old} - {*await referenced(old)}
        for body_id in orphans:
            del self.store.bodies[body_id]
        return len(orphans)
