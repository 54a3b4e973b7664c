"""Configuration documents in Postgres: the heads, and the bodies where MongoDB is not configured."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, Uuid, select, text

from core.postgres.base import mapping, refusing, versioned
from core.postgres.database import Database
from core.postgres.work import SqlWork
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import OrganizationId, UserId
from domain.organizations.documents import Document
from domain.organizations.models import Body, ConfigurationHead
from domain.organizations.ports import BodyMissing, ConfigurationBodies, ConfigurationReader, References, Revision
from domain.organizations.repositories import ConfigurationHeads

BATCH: Final = 500

heads = Table(
    "configuration_heads",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("body_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(ConfigurationHead, heads, **versioned(heads))


@dataclass(frozen=True, slots=True)
class SqlConfigurationHeads(ConfigurationHeads):
    work: SqlWork

    async def find(self, organization_id: OrganizationId, namespace: str) -> ConfigurationHead | None:
        found = select(ConfigurationHead).where(
            heads.c.organization_id == organization_id, heads.c.namespace == namespace
        )
        session = await self.work.begin()
        return await session.scalar(found.with_for_update())

    async def add(self, head: ConfigurationHead) -> None:
        session = await self.work.begin()
        session.add(head)
        with refusing(
            {
                "fk_configuration_heads_organization_id": OrganizationNotFound,
                "uq_configuration_heads_namespace": PreconditionFailed,
            }
        ):
            await session.flush()

    async def hold(self, people: Collection[UserId]) -> None:
        session = await self.work.begin()
        # Whoever erases one of them waits, or is waited for, and then there is no row.
        held = (await session.execute(_HOLD, {"people": sorted(people)})).all()
        if len(held) < len(people):
            raise ConcurrentChange
        self.work.pending.shown |= {*people}

    async def mention(self, head: ConfigurationHead, people: Collection[UserId]) -> None:
        session = await self.work.begin()
        await session.execute(_MENTION, {"people": sorted(people), "head_id": head.id, "version": head.version})


@dataclass(frozen=True, slots=True)
class SqlConfigurationReader(ConfigurationReader):
    database: Database

    async def current(self, organization_id: OrganizationId, namespace: str) -> Revision | None:
        async with self.database.read() as connection:
            row = await connection.fetchrow(_CURRENT, organization_id, namespace)
        if row is None:
            raise OrganizationNotFound
        return None if row["version"] is None else Revision(**row)

    async def referenced(self, body_ids: Sequence[UUID]) -> Collection[UUID]:
        async with self.database.read() as connection:
            rows = await connection.fetch(_REFERENCED, body_ids)
        return {row["body_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class SqlConfigurationBodies(ConfigurationBodies):
    """Each call is a transaction of its own: nothing is held between a body and its head."""

    database: Database

    async def put(self, body: Body) -> None:
        stored = body.id, body.organization_id, body.namespace, body.version, body.document.text, body.written_at
        async with self.database.engine.begin() as connection:
            await connection.exec_driver_sql(_PUT, stored)

    async def get(self, body_id: UUID) -> Document:
        async with self.database.read() as connection:
            body = await connection.fetchval(_GET, body_id)
        if body is None:
            raise BodyMissing(str(body_id))
        # JSONB orders members and writes numbers its own way.
        return Document.of(json.loads(body))

    async def collect(self, older_than: datetime, referenced: References) -> int:
        collected, last = 0, UUID(int=0)
        while batch := await self._batch(older_than, last):
            kept, last = await referenced(batch), batch[-1]
            orphans = [body_id for body_id in batch if body_id not in kept]
            async with self.database.engine.begin() as connection:
                collected += (await connection.exec_driver_sql(_DELETE, (orphans,))).rowcount
        return collected

    async def _batch(self, older_than: datetime, after: UUID) -> list[UUID]:
        async with self.database.read() as connection:
            return [row["id"] for row in await connection.fetch(_BATCH, older_than, after, BATCH)]


_HOLD: Final = text("SELECT id FROM users WHERE id = ANY (CAST(:people AS uuid[])) ORDER BY id FOR KEY SHARE")
_MENTION: Final = text("""
INSERT INTO configuration_people (user_id, head_id, version)
SELECT person, :head_id, :version FROM unnest(CAST(:people AS uuid[])) AS person
""")
_CURRENT: Final = """
SELECT head.version, head.body_id, head.digest, head.updated_at
FROM organizations o LEFT JOIN configuration_heads head ON head.organization_id = o.id AND head.namespace = $2
WHERE o.id = $1
"""
_REFERENCED: Final = "SELECT body_id FROM configuration_versions WHERE body_id = ANY ($1::uuid[])"
_PUT: Final = """
INSERT INTO configuration_bodies (id, organization_id, namespace, version, body, written_at)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6) ON CONFLICT (id) DO NOTHING
"""
_GET: Final = "SELECT body::text FROM configuration_bodies WHERE id = $1"
_BATCH: Final = "SELECT id FROM configuration_bodies WHERE written_at < $1 AND id > $2 ORDER BY id LIMIT $3"
_DELETE: Final = "DELETE FROM configuration_bodies WHERE id = ANY ($1::uuid[])"
