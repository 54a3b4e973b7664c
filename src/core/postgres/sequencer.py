"""Numbering what was committed. `sequence_log` itself wakes whoever follows the log."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import asyncpg

from core.postgres.cutting import give_way
from core.postgres.direct import Connects, session
from core.postgres.partitions import LOGS, make_partitions
from core.postgres.poke import CHANNEL
from core.retrying import forever

SLOTS: Final = 8
"""Into how many parts the log is divided for delivery, by aggregate. Written with each event: never change it."""
BATCH: Final = 1000
PATIENCE: Final = 10.0
"""Seconds that numbering may take. While somebody keeps a snapshot for hours, for a dump, what was numbered since then
stays in the way, and it takes ever longer: slow is better than never.
"""
NUMBER: Final = "SELECT count(*) FROM sequence_log($1, $2)"


@dataclass(frozen=True, slots=True)
class Sequencer:
    """Run in every worker: `sequence_log` lets one of them work at a time and makes the others return at once."""

    database: Connects
    idle: float = 0.1
    """Seconds after which to look although nobody poked."""
    committed: Callable[[], None] = lambda: None
    """Called when a poke arrives: there may be jobs, too."""

    async def run(self) -> NoReturn:
        """Go on until cancelled, and survive the loss of Postgres."""
        await forever("the sequencer", self._serve)

    async def _serve(self) -> None:
        poked = asyncio.Event()

        def poke(*_: Any) -> None:
            poked.set()
            self.committed()

        async with session(self.database, "gatewright-sequencer", PATIENCE) as connection:
            await connection.add_listener(CHANNEL, poke)
            connection.add_termination_listener(lambda _: poked.set())
            while True:
                poked.clear()
                try:
                    while await connection.fetchval(NUMBER, BATCH, SLOTS) == BATCH:
                        pass
                except asyncpg.CheckViolationError:
                    # Where there is no partition Postgres says the same.
                    if not await give_way(connection) and not await _make_room(connection):
                        raise
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.idle):
                        await poked.wait()


async def _make_room(connection: Any) -> bool:
    """Make the partitions that a job should have made; return whether any was missing."""
    return any([await make_partitions(connection, log) for log in LOGS])  # all of them, hence a list
