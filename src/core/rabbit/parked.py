"""Events that the relay gave up, so that the others could pass: looked at, and tried again."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core.cloudevents import COLUMNS
from core.postgres.direct import Connects, session
from core.rabbit.errand import Errand, Progress
from core.rabbit.publishing import ChannelLost, Line, Returned
from core.rabbit.topology import broker
from core.rabbit.window import Window

NAME: Final = "gatewright-parked"
LIST: Final = """
SELECT p.position, p.reason, p.parked_at, e.id, e.type, e.aggregate_type, e.aggregate_id, e.aggregate_version
FROM parked_events p LEFT JOIN events e ON e.position = p.position WHERE p.sink = $1 ORDER BY p.position
"""
STILL: Final = """
SELECT position FROM parked_events WHERE sink = $1 AND position = ANY ($2::bigint[]) ORDER BY position
"""
READ: Final = f"SELECT {COLUMNS} FROM events WHERE position = $1"  # noqa: S608 - made of constants
SENT: Final = "DELETE FROM parked_events WHERE sink = $1 AND position = $2"
AGAIN: Final = "UPDATE parked_events SET reason = $3, parked_at = now() WHERE sink = $1 AND position = $2"


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that was given up."""

    position: int
    reason: str
    parked_at: datetime
    id: UUID | None = None
    """None, as all that follows, if the event has left the database since."""
    type: str | None = None
    aggregate_type: str | None = None
    aggregate_id: UUID | None = None
    aggregate_version: int | None = None


async def parked_events(database: Connects, sink: str) -> list[ParkedEvent]:
    """Return what was given up for a sink, the oldest first."""
    async with session(database, NAME) as connection:
        return [ParkedEvent(**row) for row in await connection.fetch(LIST, sink)]


@dataclass(frozen=True, slots=True)
class Retrying:
    """Publishes parked events of an errand once more, as the relay does, one after the other."""

    database: Connects
    amqp: str
    errand: Errand

    async def __call__(self, positions: Collection[int]) -> list[int]:
        """Publish those at `positions` that are still parked; return where those are that the broker confirmed.

        The others stay, with what is wrong now.

        Raise `NotSent`, and `OSError` and the like, when the broker or Postgres goes away: nothing is lost.
        """
        sent: list[int] = []
        async with session(self.database, NAME) as connection:
            left = [row["position"] for row in await connection.fetch(STILL, self.errand.sink, positions)]
            while left:
                async with broker(self.amqp, self.errand.exchange) as exchange:
                    line = await Line.of(exchange, self.errand.source, self.errand.people)
                    window = Window(replace(self.errand, passes=True, refusals=1), Progress(), line)
                    while left and not window.wrong:
                        wrong = await self._try(left[0], connection, window)
                        await self._note(left[0], wrong, connection)
                        if wrong is None:
                            sent.append(left[0])
                        del left[0]
        return sent

    async def _try(self, position: int, connection: Any, window: Window) -> str | None:
        """Publish an event; return why it cannot be, None once it is confirmed."""
        row = await connection.fetchrow(READ, position)
        if row is None:
            return "it has left the database"
        window.add(row)
        try:
            while window.waiting:
                await window.send()
                await window.check()
                await window.moves(0.1)
        except (ChannelLost, Returned) as error:
            return str(error)  # the window has ended, and it was alone in it
        return window.parked.get(position)

    async def _note(self, position: int, wrong: str | None, connection: Any) -> None:
        if wrong is None:
            await connection.execute(SENT, self.errand.sink, position)
        else:
            await connection.execute(AGAIN, self.errand.sink, position, wrong)
