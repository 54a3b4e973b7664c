"""What finishes an erasure asks and notes."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.postgres.database import Database

# Events that are in the outbox have no position, so the broker has not confirmed them either.
_PASSED: Final = """
SELECT NOT EXISTS (SELECT FROM outbox WHERE aggregate_id = $1) AND coalesce((
    SELECT c.position >= e.position FROM (
        SELECT slot, position FROM events WHERE aggregate_id = $1 ORDER BY aggregate_version DESC LIMIT 1
    ) e JOIN delivery_cursors c ON c.sink = $2 AND c.slot = e.slot
), false)
"""
_FINISHED: Final = "UPDATE erasures SET finished_at = coalesce(finished_at, now()) WHERE person_id = $1"


@dataclass(frozen=True, slots=True)
class Published:
    """Tell whether a sink has confirmed everything that was ever announced about somebody."""

    database: Database
    sink: str

    async def __call__(self, person: UUID) -> bool:
        """Compare the cursor with the last event about the person, which is that they were erased."""
        async with self.database.read() as connection:
            passed: bool = await connection.fetchval(_PASSED, person, self.sink)
        return passed


@dataclass(frozen=True, slots=True)
class FinishedErasures:
    """Note that nothing is left of a person."""

    database: Database

    async def __call__(self, person: UUID) -> None:
        """Keep the first time."""
        async with self.database.read() as connection:
            await connection.execute(_FINISHED, person)
