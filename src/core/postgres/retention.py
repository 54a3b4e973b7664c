"""How long entries of the logs stay in the database."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

import asyncpg

from core.archive_files import Spoilt
from core.personal import PersonalKeys
from core.postgres.archive import PATIENCE, Archive, Noted
from core.postgres.cutting import cut
from core.postgres.direct import Connects, session
from core.postgres.partitions import Log, Partition, attached, head_of
from core.retrying import forever, summary

_log = logging.getLogger(__name__)

LONGEST: Final = timedelta(days=30)
"""The longest time that one partition is written where entries are to go some day."""
SKEW: Final = 10_000
"""Among so many entries at the end of a partition is the youngest: numbers follow commits, which may be late."""
TAKE: Final = "SELECT pg_try_advisory_lock(hashtext('gatewright-retention'))"
GIVE_UP: Final = "SELECT pg_advisory_unlock(hashtext('gatewright-retention'))"
BUSY: Final = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, TimeoutError)
"""Somebody else uses the log, or the disk."""
BROKEN: Final = (OSError, Spoilt, asyncpg.DiskFullError)
"""The disk is full, or loses what is written to it: another attempt at once would only read everything again."""
KEPT: Final = "SELECT kept_until > now() FROM archived_partitions WHERE log = $1 AND first = $2"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is older than `keep` may go."""

    log: Log
    keep: timedelta
    noted: Noted | None = None
    """See `Archive.noted`."""

    @property
    def period(self) -> timedelta:
        """How long one partition is written: entries stay for up to so much longer."""
        return min(self.keep / 12, LONGEST)


@dataclass(frozen=True, slots=True)
class Retention:
    """Archive and drop partitions that are old as a whole, the oldest first. Each worker runs it; one at a time works.

    Nothing goes that somebody to whom it is delivered has not passed, and nothing that is not in a file which was read
    back. The partition at the head stays.
    """

    database: Connects
    folder: Path
    policies: tuple[Policy, ...]
    people: PersonalKeys = field(default_factory=PersonalKeys)
    """See `Archive.people`."""
    every: float = 600
    """Seconds between two looks."""

    async def run(self) -> NoReturn:
        """Go on until cancelled, and survive the loss of Postgres."""
        await forever("retention", self._serve)

    async def _serve(self) -> None:
        async with session(self.database, "gatewright-retention", PATIENCE) as connection:
            while True:
                await self.look(connection)
                await asyncio.sleep(self.every)

    async def look(self, connection: Any) -> None:
        """Do once what is due, unless another does; what cannot be done to one log holds up no other."""
        if not await connection.fetchval(TAKE):
            return
        try:
            for policy in self.policies:
                await self._try(connection, policy)
        finally:
            if not connection.is_closed():
                await connection.execute(GIVE_UP)

    async def _try(self, connection: Any, policy: Policy) -> None:
        name = policy.log.table
        try:
            await self._apply(connection, policy)
        except BUSY as error:
            _log.warning("%s is in use: what is old stays until the next look (%s)", name, type(error).__name__)
        except BROKEN as error:
            if connection.is_closed():  # it was the connection that broke
                raise
            _log.error("%s cannot be archived: what is old stays until the next look (%s)", name, summary(error))

    async def _apply(self, connection: Any, policy: Policy) -> None:
        await cut(connection, policy.log, policy.period)
        archive = Archive(policy.log, self.folder, policy.noted, self.people)
        for partition in await attached(connection, policy.log):
            if not await is_due(connection, policy, partition):
                return
            if manifest := await archive.take_out(connection, partition):
                _log.info("%s entries of %s went into %s", manifest.entries, manifest.log, manifest.file)


async def is_due(connection: Any, policy: Policy, partition: Partition) -> bool:
    """Return whether `partition`, the oldest of its log, may go."""
    if partition.last >= await head_of(connection, policy.log):
        return False
    # Of no entry at all, null, there is none that is young.
    young = f"SELECT max(occurred_at) >= now() - $1::interval FROM {partition.name} WHERE position > $2"  # noqa: S608
    if await connection.fetchval(young, policy.keep, partition.last - SKEW):
        return False
    if await connection.fetchval(KEPT, policy.log.table, partition.first):
        return False
    for statement in policy.log.passed:
        for name, position in await connection.fetch(statement):
            if position < partition.last:
                _log.warning("%s has not passed %s: nothing of %s goes", name, partition.last, policy.log.table)
                return False
    return True
