"""The transaction on Postgres, as the suites use it."""

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, Table, Text, Uuid
from sqlalchemy.orm import registry

from core.audit.sealing import DeploymentSeal
from core.idempotency import Idempotency
from core.postgres.audit import about
from core.postgres.base import refusing, versioned
from core.postgres.database import Database
from core.postgres.idempotency import SqlIdempotency
from core.postgres.work import SqlWork
from core.secrets import Sealed
from domain.kernel.revocation import Marker, RevocationScope
from tests.contracts.transaction import ORIGIN, TRACE, Heard, NameTaken, StoppedClock, Thing, Things, Work

THINGS = """
CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL CONSTRAINT uq_things_name UNIQUE, version bigint NOT NULL)
"""
_FACTS = """
SELECT aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, organization_id, trace, revokes
FROM outbox ORDER BY seq
"""
_ENTRIES = """
SELECT id, action, outcome, actor, target, organization_id, occurred_at, person_id, place, trace FROM audit_pending
ORDER BY seq
"""
_JOBS = "SELECT name, payload FROM jobs WHERE run_at <= now() AND attempts = 0 ORDER BY created_at, id"

SEAL = DeploymentSeal(Sealed(b"the key that seals the places 32"))

mapping = registry()
things = Table(
    "things",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text),
    Column("version", BigInteger),
)
mapping.map_imperatively(Thing, things, **versioned(things))


@dataclass(frozen=True, slots=True)
class AesSealed:
    """AES-256-GCM."""

    key: bytes

    def seal(self, data: bytes, associated: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(self.key).encrypt(nonce, data, associated)

    def open(self, data: bytes, associated: bytes) -> bytes:
        return AESGCM(self.key).decrypt(data[:12], data[12:], associated)


@dataclass(frozen=True, slots=True)
class SqlThings(Things):
    work: SqlWork

    async def add(self, thing: Thing) -> None:
        session = await self.work.begin()
        session.add(thing)
        with refusing({"uq_things_name": NameTaken}):
            await session.flush()

    async def get(self, thing_id: UUID) -> Thing | None:
        session = await self.work.begin()
        return await session.get(Thing, thing_id)


@dataclass
class SqlGround:
    database: Database
    heard: Heard

    def work(self) -> SqlWork:
        return SqlWork(
            self.database, StoppedClock(), b"audit key", self.heard.committed, TRACE, origin=ORIGIN, seal=SEAL
        )

    def things(self, work: Work) -> Things:
        assert isinstance(work, SqlWork)
        return SqlThings(work)

    def keys(self, work: Work) -> Idempotency:
        assert isinstance(work, SqlWork)
        return SqlIdempotency(work, AesSealed(bytes(32)), b"fingerprints")

    def connected(self, work: Work) -> bool:
        assert isinstance(work, SqlWork)
        return work.begun

    async def facts(self) -> list[dict[str, Any]]:
        return [_read(row, "data", "revokes") for row in await self.rows(_FACTS)]

    async def entries(self) -> list[dict[str, Any]]:
        return [_opened(row) for row in await self.rows(_ENTRIES)]

    async def jobs(self) -> list[dict[str, Any]]:
        return [_read(row, "payload") for row in await self.rows(_JOBS)]

    async def markers(self) -> dict[tuple[str, str], Marker]:
        rows = await self.rows("SELECT scope, id, expires_at, cutoff, epoch FROM revocations")
        return {
            (row["scope"], row["id"]): Marker(
                RevocationScope(row["scope"]), row["id"], row["expires_at"], row["cutoff"], row["epoch"]
            )
            for row in rows
        }

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.database.read() as connection:
            rows: list[Any] = await connection.fetch(query, *values)
            return rows


def _opened(row: Any) -> dict[str, Any]:
    read = dict(row)
    opened = SEAL.open(row["person_id"], row["place"], about(read.pop("id")))
    assert opened
    return read | {"place": msgspec.json.decode(opened)}


def _read(row: Any, *texts: str) -> dict[str, Any]:
    return dict(row) | {text: row[text] and msgspec.json.decode(row[text]) for text in texts}
