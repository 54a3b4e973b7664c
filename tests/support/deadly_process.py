"""A consumer whose process ends whenever it is given a certain event, and is started again each time.

    python -m tests.support.deadly_process

It takes from the queue QUEUE, bound to an exchange of that name, if there is AMQP_URL, and from the feed if there is
GATEWRIGHT_URL. What it handled is in DATABASE, in the table `handled`.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from typing import Any, Final

from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.feed import FeedSubscriber
from gatewright_events.rabbitmq import RabbitSubscriber
from gatewright_events.sqlite import SqliteInbox
from tests.support.feed_server import TOKEN

DEADLY: Final = "deadly@example.org"


async def handle(event: Event, database: sqlite3.Connection) -> None:
    """Note the event, or end the process as a fault in foreign code does: nothing is told, nothing is closed."""
    if event.data.get("email") == DEADLY:
        os._exit(3)
    database.execute("INSERT INTO handled VALUES (?)", (event.id,))


async def consume() -> None:
    """Consume until something ends it."""
    inbox = SqliteInbox.open(os.environ["DATABASE"])
    inbox.database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")
    consumer = Consumer(inbox, handle, ("identity.user.*",))
    url, amqp, name = (os.environ.get(each) for each in ("GATEWRIGHT_URL", "AMQP_URL", "QUEUE"))
    feed = FeedSubscriber(consumer, url, TOKEN) if url else None
    if amqp:
        assert name
        await RabbitSubscriber(consumer, amqp, name, name, feed).run()
    elif feed:
        await feed.run()


def supervise() -> None:
    """Start it again whenever it ended, until SIGTERM, which ends it, too."""
    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            asyncio.run(consume())
            os._exit(0)

        def end(*_: Any, child: int = child) -> None:
            os.kill(child, signal.SIGKILL)
            sys.exit()

        signal.signal(signal.SIGTERM, end)
        os.waitpid(child, 0)


if __name__ == "__main__":
    supervise()
