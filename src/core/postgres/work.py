"""The unit of work: what a command did and said commits together, or not at all."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from core.audit.sealing import PersonalSeal
from core.idempotency import Claim, Claimed
from core.personal import PersonalKeys
from core.pipeline import AuditTrail, UnitOfWork
from core.postgres.audit import entry
from core.postgres.base import VersionedSession
from core.postgres.database import Database
from core.postgres.flush import Pending
from core.postgres.loss import POSTGRES_LOST
from core.postgres.person_keys import RememberedSalts, salts
from domain.kernel.access import Actor, Origin
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import IdempotencyInFlight, Unavailable
from domain.kernel.events import Aggregate, Event, Events
from domain.kernel.ports import Clock
from domain.kernel.revocation import Marker
from domain.kernel.usecases import Message, UseCase

_LEAVE: Final = 0.5
"""Seconds a rollback may take before the connection is cut, which has the same effect."""

# A row comes back if the key is new or expired. While a twin's transaction is open this waits for how it ends, as long
# as `lock_timeout` lets it.
_CLAIM: Final = """
INSERT INTO idempotency_keys AS old (actor, key, request, expires_at) VALUES ($1, $2, $3, now() + $4)
ON CONFLICT (actor, key) DO UPDATE
SET request = excluded.request, answer = NULL, expires_at = excluded.expires_at
WHERE old.expires_at <= now()
RETURNING true
"""
_NOT_IN_TIME: Final = "55P03"


@dataclass(slots=True)
class SqlWork(UnitOfWork, Events, AuditTrail):
    """The transaction of one command on Postgres; connects at its first use, never before.

    Repositories take a session from `begin` and run every statement through it: SQLAlchemy begins the transaction with
    its own first statement, so one handed to the driver before it would commit by itself.
    """

    database: Database
    clock: Clock
    audit_key: bytes
    committed: Callable[[Pending], None]
    """Told what was written, after the commit; must not raise."""
    trace: str | None = None
    """W3C traceparent, carried by the facts."""
    key_lifetime: timedelta = timedelta(hours=24)
    """How long an `Idempotency-Key` is remembered."""
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """What seals the personal data of events; without them, none that have any can be emitted."""
    origin: Origin = field(default_factory=Origin)
    """Where the command came from."""
    seal: PersonalSeal | None = None
    """What seals that for the audit trail; without it, it is not kept there."""
    remembered: RememberedSalts = field(default_factory=RememberedSalts)
    """Those of whoever acted lately."""
    pending: Pending = field(default_factory=Pending, init=False)
    _held: "_Held | None" = field(default=None, init=False)

    @property
    def begun(self) -> bool:
        """Whether it holds a connection."""
        return self._held is not None

    @property
    def driver(self) -> Any:
        """The asyncpg connection that is held; it is in the transaction from the first statement of the session on."""
        assert self._held
        return self._held.driver

    async def begin(self) -> AsyncSession:
        """Return the session of this command.

        The first call connects and writes the idempotency claim, if there is one. Raise `Unavailable` if no connection
        is to be had in time, `Claimed` or `IdempotencyInFlight` as `Idempotency.claim` says.
        """
        if self._held is None:
            self._held = await _hold(self.database)
            if self.pending.claim:
                await _claim(self._held.session, self.pending.claim, self.key_lifetime)
        return self._held.session

    def emit(self, event: Event, of: Aggregate, revokes: Sequence[Marker] = ()) -> None:
        """Announce `event` as the next of aggregate `of`, whose version it raises by one."""
        self.pending.emit(event, of, revokes, self.trace)

    def record(self, case: UseCase, message: Message[Any], actor: Actor | None, outcome: str) -> None:
        """Remember in the audit trail who ran what, and how it ended."""
        changed, now = self.pending.changed, self.clock.now()
        self.pending.entries.append(entry(case, message, actor, outcome, changed, self.origin, self.trace, now))

    def enqueue(
        self, name: str, payload: Mapping[str, Any], run_at: datetime | None = None, to: str | None = None
    ) -> None:
        """Have a job done after the commit, at least once: at `run_at`, or at once.

        One that is about the address `to` is not done any more once whoever has it was erased.
        """
        self.pending.enqueue(name, payload, run_at, self.people.pseudonyms(to)[0].hex() if to else None)

    async def commit(self) -> ConsistencyToken | None:
        """Write what was said in one round trip, and commit; raise `ConcurrentChange` if someone else was first.

        Without anything to write the database is not asked. A commit whose outcome is unknown is an outage.
        """
        pending = self.pending
        if self._held is None:
            if not pending:
                return None
            if pending.answer is None:
                pending.claim = None
        session = (await self.begin()).sync_session
        assert self._held
        if session.dirty or session.new or session.deleted:
            await self._held.session.flush()
        found = await self._recall(pending)
        statement, values = pending.statement(self.audit_key, self.people, self.seal)
        row = await self._held.driver.fetchrow(statement, *values)
        await self._held.connection.run_sync(_commit, session)
        self.pending, self._held = Pending(), None
        self.remembered.learn(found)  # not before: a salt that was made here and rolled back is in no table
        self.committed(pending)
        return None if row["transaction"] is None else ConsistencyToken(row["log_id"].bytes[:8], row["transaction"])

    async def _recall(self, pending: Pending) -> Mapping[UUID, bytes]:
        """Have the salts of whom something is said: for facts those of now. Return what was asked for."""
        strangers = {*pending.strangers}
        pending.salts |= self.remembered.known(pending.acting - strangers)
        strangers |= pending.acting - pending.salts.keys()
        found = await salts(self.driver, sorted(strangers)) if strangers else {}
        pending.salts |= found
        return found

    async def rollback(self) -> None:
        """Discard everything, the claim included. The work may be used again; at its end call this in any case."""
        held, self.pending, self._held = self._held, Pending(), None
        if held:
            # Whoever is cancelled on the way out still leaves no open transaction behind.
            await asyncio.shield(asyncio.ensure_future(held.discard()))


@dataclass(frozen=True, slots=True)
class _Held:
    connection: AsyncConnection
    session: AsyncSession
    driver: Any

    async def discard(self) -> None:
        try:
            async with asyncio.timeout(_LEAVE):
                await self.session.close()
        except (*POSTGRES_LOST, exc.SQLAlchemyError):
            self.driver.terminate()
        if self.driver.is_closed():
            await self.connection.invalidate()
        await self.connection.close()


async def _hold(database: Database) -> _Held:
    try:
        connection = await database.engine.connect()
    except exc.TimeoutError as error:
        raise Unavailable from error
    assert connection.sync_connection
    driver = connection.sync_connection.connection.driver_connection
    session = AsyncSession(connection, sync_session_class=VersionedSession, expire_on_commit=False)
    return _Held(connection, session, driver)


def _commit(connection: Connection, session: Session) -> None:
    """Commit and let go: each step that SQLAlchemy is asked for from outside costs a switch there and back."""
    session.commit()
    connection.close()


async def _claim(session: AsyncSession, claim: Claim, lifetime: timedelta) -> None:
    connection = await session.connection()
    try:
        claimed = await connection.exec_driver_sql(_CLAIM, (claim.actor, claim.key, claim.request, lifetime))
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_IN_TIME:
            raise IdempotencyInFlight from error
        raise
    if claimed.first() is None:
        raise Claimed
