"""The rows of jobs: who may try which, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

LEASE: Final = timedelta(minutes=2)
"""How long a claimed job is nobody else's; longer than any attempt may take."""

CLAIM: Final = """
WITH due AS (
    SELECT id FROM jobs WHERE parked_at IS NULL AND run_at <= now() AND name = ANY ($1)
    ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE jobs j SET attempts = attempts + 1, run_at = now() + $3 FROM due WHERE j.id = due.id
RETURNING j.id, j.name, j.attempts, j.run_at
"""
OUTSTANDING: Final = """
SELECT j.id FROM jobs j
JOIN unnest($1::uuid[], $2::timestamptz[]) AS l(id, run_at) ON j.id = l.id AND j.run_at = l.run_at
WHERE j.run_at > now()
"""
LOAD: Final = "SELECT name, payload::text AS payload FROM jobs WHERE id = $1 AND attempts = $2 AND parked_at IS NULL"
DONE: Final = "DELETE FROM jobs WHERE id = $1"
AGAIN: Final = "UPDATE jobs SET run_at = now() + $2, attempts = 0, last_error = NULL WHERE id = $1"
FAILED: Final = """
UPDATE jobs SET run_at = now() + $3, last_error = $4, parked_at = CASE WHEN $5 THEN now() END
WHERE id = $1 AND attempts = $2
"""
RETURNED: Final = """
UPDATE jobs j SET run_at = now() + interval '1 second', attempts = j.attempts - 1
FROM unnest($1::uuid[], $2::integer[]) AS l(id, attempts) WHERE j.id = l.id AND j.attempts = l.attempts
"""
PLANNED: Final = """
INSERT INTO jobs (id, name, payload, run_at) VALUES ($1, $2, '{}', now() + $3) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt at a job. It is void once the row says otherwise: another attempt, done, or parked."""

    id: UUID
    name: str
    attempt: int
    """1 for the first."""
    until: datetime


@dataclass(frozen=True, slots=True)
class SqlJobs:
    """Jobs in Postgres."""

    pool: Any
    """An asyncpg pool on the primary."""

    async def claim(self, names: Sequence[str], most: int) -> list[Lease]:
        """Take up to `most` due jobs that nobody else is trying; each counts as an attempt."""
        rows = await self.pool.fetch(CLAIM, names, most, LEASE)
        return [Lease(row["id"], row["name"], row["attempts"], row["run_at"]) for row in rows]

    async def outstanding(self, leases: Sequence[Lease]) -> set[UUID]:
        """Return which of these attempts have neither ended nor lost their lease."""
        if not leases:
            return set()
        rows = await self.pool.fetch(OUTSTANDING, [lease.id for lease in leases], [lease.until for lease in leases])
        return {row["id"] for row in rows}

    async def load(self, job: UUID, attempt: int) -> tuple[str, str] | None:
        """Return name and payload, as JSON text; None if the attempt is void."""
        row = await self.pool.fetchrow(LOAD, job, attempt)
        return (row["name"], row["payload"]) if row else None

    async def done(self, job: UUID, every: timedelta | None = None) -> None:
        """Remove what was done; what recurs is due again after `every`."""
        if every:
            await self.pool.execute(AGAIN, job, every)
        else:
            await self.pool.execute(DONE, job)

    async def failed(self, job: UUID, attempt: int, reason: str, wait: timedelta, *, park: bool) -> None:
        """Note why the attempt failed; the next is due after `wait`, or never if it is parked."""
        await self.pool.execute(FAILED, job, attempt, wait, reason, park)

    async def returned(self, leases: Sequence[Lease]) -> None:
        """Undo claims of which nothing came: they could not be handed on."""
        await self.pool.execute(RETURNED, [lease.id for lease in leases], [lease.attempt for lease in leases])

    async def plan(self, job: UUID, name: str, wait: timedelta) -> None:
        """Have a recurring job done after `wait`, unless it is planned already."""
        await self.pool.execute(PLANNED, job, name, wait)
