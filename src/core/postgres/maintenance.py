"""Keeping the tables small, and room in the log."""

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from core.jobs.registry import Job, Nothing
from core.postgres.direct import Connects, session
from core.postgres.partitions import LOGS, make_partitions

# A webhook that is enabled again is told what it missed, as far as the log still has it.
_UNWANTED: Final = """
(state <> 'dead' OR position IS NULL OR webhook_id NOT IN (SELECT id FROM webhooks WHERE NOT is_enabled)
 OR NOT EXISTS (SELECT FROM events e WHERE e.position <= webhook_deliveries.position))
"""
BATCH: Final = 1000
"""Rows deleted at a time: no lock is held for long, and other deleters are skipped over."""
EXPIRED: Final = {
    "idempotency_keys": "expires_at < now()",
    "invitations": "expires_at < now()",
    "mailed_links": "expires_at < now()",
    "revocations": "expires_at < now()",
    "refresh_families": "expires_at < now()",
    "sessions": "expires_at < now() - interval '30 days'",
    "signing_keys": "expires_at < now()",
    "webhook_deliveries": f"expires_at < now() AND {_UNWANTED}",
    "sign_in_failures": "failed_at < now() - interval '1 day'",
    "access_changes": "changed_at < now() - interval '7 days'",
}
"""What may go, by table; each has an index for it. Nothing is valid because its row still exists: readers compare."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Does the job that recurs: deletes what has expired and makes the next partitions."""

    database: Connects
    every: timedelta = timedelta(minutes=10)
    batches: int = 200
    """The most of each table before the others have their turn."""
    seconds: float = 90
    """After so long no more turns are taken; what is left waits for the next time."""

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("clean_up", Nothing, self.run, patience=110, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Make partitions first: without them the log stops; without the rest it is only large."""
        async with session(self.database, "gatewright-clean-up") as connection:
            for log in LOGS:
                await make_partitions(connection, log)
            left, until = [*EXPIRED], monotonic() + self.seconds
            while left:
                gone = {table: await delete_expired(connection, table, self.batches) for table in left}
                left = [table for table in left if gone[table] == self.batches * BATCH and monotonic() < until]


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
