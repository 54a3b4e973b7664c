"""An end to partitions of the logs that have been written for long: what does not fill them would never leave."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core.postgres.partitions import (
    ALONE,
    IMPATIENT,
    LOGS,
    PROVED,
    Log,
    Partition,
    attach,
    attached,
    head_of,
    make_table,
)

SMALL: Final = 100_000
"""So many entries are looked at in a moment, while readers wait."""
RECENT: Final = 10_000
"""Entries that tell how fast the log grows."""
SOON: Final = timedelta(hours=1)
"""An end that has to be proved first is as far ahead as the log grows in this time."""
LEAST: Final = 10
"""Positions ahead, at least."""

_PROOF: Final = """
SELECT pg_get_constraintdef(oid) AS said, convalidated AS holds FROM pg_constraint
WHERE conrelid = $1::text::regclass AND conname = $2
"""
_PREPARED: Final = """
SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_constraint c ON c.conrelid = i.inhrelid
WHERE i.inhparent = $1::text::regclass AND c.conname = $2
"""
_END: Final = re.compile(r"< '?(\d+)")


@dataclass(frozen=True, slots=True)
class _Proof:
    """Nothing is written at `end` or beyond any more; once it `holds`, nothing was before either."""

    end: int
    holds: bool


async def cut(connection: Any, log: Log, period: timedelta) -> None:
    """End the partition that is being written at the head of `log`, if its first entry is older than `period`.

    With up to `SMALL` entries it ends at the head. With more it ends a little later: a constraint keeps what is beyond
    out, and is proved while others read and write; so all wait for milliseconds only. If this is interrupted the next
    call goes on, unless the log has come so far meanwhile: see `give_way`.
    """
    head = await head_of(connection, log)
    written = await _written(connection, log, head)
    if written is None or not await _is_long(connection, written, period):
        return
    large = head - written.first >= SMALL
    if large and not await _prove(connection, written, head):
        return
    async with connection.transaction():
        await connection.execute(IMPATIENT)
        await connection.execute(ALONE)
        head = await head_of(connection, log, lock=True)
        if head >= written.last or await _written(connection, log, head) != written:
            return
        # Nobody takes the proof away from here on.
        await connection.execute(f"LOCK TABLE ONLY {log.table}, ONLY {written.name} IN ACCESS EXCLUSIVE MODE")
        proof = await _proof(connection, written)
        if large and not (proof and proof.holds):
            return
        end = proof.end if proof and proof.holds else head + 1
        await connection.execute(f"ALTER TABLE {log.table} DETACH PARTITION {written.name}")
        await attach(connection, log, written.name, written.first, end)
        await attach(connection, log, await make_table(connection, log, end, written.end), end, written.end)


async def give_way(connection: Any) -> bool:
    """Forget ends that were to be made: what is numbered has come to one of them. Return whether there was any."""
    prepared = [row[0] for log in LOGS for row in await connection.fetch(_PREPARED, log.table, PROVED)]
    for name in prepared:
        await connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {PROVED}")
    return bool(prepared)


async def _prove(connection: Any, written: Partition, head: int) -> bool:
    """Have it proved that nothing is beyond an end of `written`; return False if the one that it has is near enough."""
    proof = await _proof(connection, written)
    if proof is None:
        ahead = await _ahead(connection, written, head)
        end = head + 1 + ahead
        if end + ahead >= written.end:
            return False
        async with connection.transaction():
            await connection.execute(IMPATIENT)
            within = f"CHECK (position >= {written.first} AND position < {end}) NOT VALID"
            await connection.execute(f"ALTER TABLE {written.name} ADD CONSTRAINT {PROVED} {within}")
    if proof is None or not proof.holds:
        await connection.execute(f"ALTER TABLE {written.name} VALIDATE CONSTRAINT {PROVED}")
    return True


async def _proof(connection: Any, partition: Partition) -> _Proof | None:
    row = await connection.fetchrow(_PROOF, partition.name, PROVED)
    if row is None:
        return None
    end = _END.search(row["said"])
    assert end, row["said"]
    return _Proof(int(end[1]), row["holds"])


async def _ahead(connection: Any, written: Partition, head: int) -> int:
    """Return how many positions the log takes in about `SOON`, as it has grown of late."""
    age = f"SELECT now() - occurred_at FROM {written.name} WHERE position >= $1 ORDER BY position LIMIT 1"  # noqa: S608
    took = max(await connection.fetchval(age, head - RECENT), timedelta(seconds=1))
    return LEAST + int(RECENT * (SOON / took))


async def _written(connection: Any, log: Log, head: int) -> Partition | None:
    return next((each for each in await attached(connection, log) if each.first <= head < each.end), None)


async def _is_long(connection: Any, written: Partition, period: timedelta) -> bool:
    first = f"SELECT occurred_at FROM {written.name} ORDER BY position LIMIT 1"  # noqa: S608 - from the catalog
    return bool(await connection.fetchval(f"SELECT ({first}) < now() - $1::interval", period))
