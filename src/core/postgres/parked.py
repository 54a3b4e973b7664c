"""What was given up on its way to a sink."""

from dataclasses import dataclass
from typing import Final

from core.postgres.log import Reads

POSITIONS: Final = "SELECT position FROM parked_events WHERE sink = $1 ORDER BY position"


@dataclass(frozen=True, slots=True)
class SqlParkedEvents:
    """Parked events in Postgres."""

    database: Reads

    async def positions(self, sink: str) -> list[int]:
        """See `ParkedEvents.positions`."""
        async with self.database.read() as connection:
            return [row["position"] for row in await connection.fetch(POSITIONS, sink)]
