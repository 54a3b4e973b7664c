"""Keeping the tables small, and room in the log."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from core.jobs.registry import Job
from core.postgres.direct import Connects, session

BATCH: Final = 1000
"""Rows deleted at a time: no lock is held for long, and other deleters are skipped over."""
SIZE: Final = 10_000_000
"""Positions in a partition of `events` and of `audit`."""
AHEAD: Final = 2_000_000
"""The next partition is made when fewer positions than these are left."""

EXPIRED: Final = {
    "idempotency_keys": "expires_at < now()",
    "invitations": "expires_at < now()",
    "mailed_links": "expires_at < now()",
    "revocations": "expires_at < now()",
    "refresh_families": "expires_at < now()",
    "sessions": "expires_at < now() - interval '30 days'",
    "signing_keys": "expires_at < now()",
    "webhook_deliveries": "expires_at < now()",
    "sign_in_failures": "failed_at < now() - interval '1 day'",
    "access_changes": "changed_at < now() - interval '7 days'",
}
"""What may go, by table; each has an index for it. Nothing is valid because its row still exists: readers compare."""

HEADS: Final = {"events": "position", "audit": "audit_position"}
# Parallel workers wait for each other here, so that no partition is attached twice.
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('gatewright-partitions'))"
NEWEST: Final = """
SELECT max(substring(c.relname FROM '_([0-9]+)$')::bigint) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass
"""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No payload."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Does the job that recurs: deletes what has expired and makes the next partitions."""

    database: Connects
    every: timedelta = timedelta(minutes=10)
    batches: int = 200
    """The most of each table in one run; what is left waits for the next."""

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("clean_up", Nothing, self.run, patience=110, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Make partitions first: without them the log stops; without the rest it is only large."""
        async with session(self.database, "gatewright-clean-up") as connection:
            for table in HEADS:
                await make_partitions(connection, table)
            for table in EXPIRED:
                await delete_expired(connection, table, self.batches)


async def delete_expired(connection: Any, table: str, batches: int) -> int:
    """Delete what may go from `table`, in up to so many batches; return how many rows went."""
    delete = f"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE {EXPIRED[table]} LIMIT {BATCH} FOR UPDATE SKIP LOCKED))
    """  # noqa: S608 - made of constants
    deleted = 0
    for _ in range(batches):
        gone = int((await connection.execute(delete)).split()[1])
        deleted += gone
        if gone < BATCH:
            break
    return deleted


async def make_partitions(connection: Any, table: str) -> None:
    """Make partitions of `table` until `AHEAD` positions are free.

    They are made apart and then attached: that takes a lock which reads and inserts do not wait for, unlike
    `CREATE TABLE ... PARTITION OF`.
    """
    async with connection.transaction():
        await connection.execute(ALONE)
        head = await connection.fetchval(f"SELECT {HEADS[table]} FROM log_head")  # noqa: S608 - a constant
        newest = await connection.fetchval(NEWEST, table)
        while (newest + 1) * SIZE - head < AHEAD:
            newest += 1
            first = newest * SIZE + 1
            await connection.execute(
                f"CREATE TABLE {table}_{newest} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);"
                f"ALTER TABLE {table} ATTACH PARTITION {table}_{newest} FOR VALUES FROM ({first}) TO ({first + SIZE})"
            )
