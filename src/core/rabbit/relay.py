"""From the log to RabbitMQ: each event at least once, in order for each aggregate, repeated only with the same id."""

import asyncio
from dataclasses import dataclass, field
from typing import NoReturn

from core.postgres.direct import Connects, session
from core.rabbit.delivery import Delivery
from core.rabbit.errand import Errand, Progress
from core.rabbit.publishing import Line
from core.rabbit.topology import broker
from core.rabbit.window import Window
from core.retrying import forever


@dataclass(frozen=True, slots=True)
class Relay:
    """Deliver the log to the exchange. Several may run: each slot is owned by one, by an advisory lock of its session.

    The locks die with the session, so a killed relay is replaced within a second, and one that is frozen, or whose host
    is gone, within some ten. A relay that lost its session without knowing can only repeat events, in order and with
    the same ids: its cursors are moved by compare-and-set, and that fails.
    """

    database: Connects
    amqp: str
    errand: Errand = field(default_factory=Errand)
    _progress: Progress = field(default_factory=Progress, init=False)

    async def run(self) -> NoReturn:
        """Deliver until cancelled; start again from the cursors whenever Postgres or the broker went away."""
        await forever("the relay", self._serve, most=2)

    async def _serve(self) -> None:
        async with (
            # The broker first: by their sessions relays count each other, and one that cannot deliver takes no slot.
            broker(self.amqp, self.errand.exchange) as exchange,
            session(self.database, self.errand.name) as connection,
            asyncio.TaskGroup() as group,
        ):
            window = Window(
                self.errand, self._progress, await Line.of(exchange, self.errand.source, self.errand.people)
            )
            group.create_task(window.run())
            await Delivery(self.errand, self._progress, connection, window).run()
