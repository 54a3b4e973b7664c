"""Signing keys in Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    or_,
    select,
    text,
)

from core.key_forge import KeySafe
from core.live_ring import RingRow, RingSource
from core.postgres.base import mapping, refusing, versioned
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.work import SqlWork
from domain.kernel.errors import ConcurrentChange
from domain.keys.models import HeldRing, KeyState, SigningKey
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyLists
from domain.keys.repositories import SigningKeys
from domain.keys.schemas import KeyDetails, details


class _State(TypeDecorator[KeyState]):
    """How far a key has come, as text."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, _: object) -> KeyState | None:
        """Read what is stored."""
        return None if value is None else KeyState(value)


keys = Table(
    "signing_keys",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("kid", Text, nullable=False, unique=True),
    Column("algorithm", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", _State, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("activated_at", DateTime(timezone=True)),
    Column("retired_at", DateTime(timezone=True)),
    Column("removed_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(SigningKey, keys, **versioned(keys))

_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtext('gatewright-signing-keys'))")
_NOW: Final = text("SELECT clock_timestamp()")
_RING: Final = """
SELECT now() AS now, k.* FROM (SELECT 1) always
LEFT JOIN (SELECT kid, algorithm, state, sealed, published_at, activated_at FROM signing_keys
           WHERE sealed IS NOT NULL AND (expires_at IS NULL OR expires_at > now())) k ON true
ORDER BY k.published_at, k.kid
"""
_LIST: Final = """
SELECT * FROM signing_keys WHERE expires_at IS NULL OR expires_at > now()
ORDER BY published_at DESC, activated_at DESC NULLS FIRST, kid
"""
_SEALED: Final = "SELECT kid, sealed FROM signing_keys WHERE sealed IS NOT NULL"
_RENEW: Final = "UPDATE signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2"


@dataclass(frozen=True, slots=True)
class SqlSigningKeys(SigningKeys):
    work: SqlWork

    async def hold(self) -> HeldRing:
        transaction = await self.work.begin()
        await transaction.execute(_ALONE)
        # Asked after the lock was had: what the one before did is in the past.
        now: datetime = (await transaction.execute(_NOW)).scalar_one()
        live = select(SigningKey).where(or_(keys.c.expires_at.is_(None), keys.c.expires_at > now))
        found = await transaction.scalars(live.order_by(keys.c.published_at, keys.c.kid))
        return HeldRing(now, found.all())

    async def keep(self, key: SigningKey) -> None:
        transaction = await self.work.begin()
        transaction.add(key)
        with refusing({"uq_signing_keys_state": ConcurrentChange, "uq_signing_keys_kid": ConcurrentChange}):
            await transaction.flush()


@dataclass(frozen=True, slots=True)
class SqlKeyLists(KeyLists):
    database: Database
    policy: KeyPolicy

    async def list(self) -> Sequence[KeyDetails]:
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST)
        return [details(SigningKey(**{**row, "state": KeyState(row["state"])}), self.policy) for row in rows]


@dataclass(frozen=True, slots=True)
class SqlRing(RingSource):
    database: Database

    async def look(self) -> tuple[datetime, Sequence[RingRow]]:
        async with self.database.read() as connection:
            rows = await connection.fetch(_RING)
        return rows[0]["now"], [
            RingRow(
                row["kid"],
                row["algorithm"],
                KeyState(row["state"]),
                row["sealed"],
                row["published_at"],
                row["activated_at"],
            )
            for row in rows
            if row["kid"] is not None
        ]

    async def seal_again(self, safe: KeySafe) -> int:
        """Seal under the current master secret what an earlier one sealed; return how many keys that were."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_SEALED)
        renewed = [(row["kid"], row["sealed"], new) for row in rows if (new := safe.renewed(row["kid"], row["sealed"]))]
        if renewed:
            async with session(self.database, "gatewright-sealing") as connection:
                await connection.executemany(_RENEW, renewed)
        return len(renewed)
