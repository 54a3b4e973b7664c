"""A service of its own that follows what Gatewright announces about people."""

import asyncio
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

from examples.user_service.projection import PEOPLE, TABLE, project, reset
from gatewright_events.asking import NoAnswer, Refused
from gatewright_events.comparing import differences, reload
from gatewright_events.consumer import Consumer
from gatewright_events.feed import FeedSubscriber
from gatewright_events.rabbitmq import RabbitSubscriber
from gatewright_events.sqlite import SqliteInbox

OURS: Final = ("identity.user.*",)
UNNAMED: Final = "name the service and a token: GATEWRIGHT_URL and GATEWRIGHT_TOKEN"


def consumer(path: str) -> Consumer[sqlite3.Connection]:
    """Return the consumer that keeps its table, and its inbox, in the database at `path`."""
    inbox = SqliteInbox.open(path)
    inbox.database.execute(TABLE)
    return Consumer(inbox, project, OURS)


def feed_of(
    taking: Consumer[sqlite3.Connection], chosen: Mapping[str, str]
) -> FeedSubscriber[sqlite3.Connection] | None:
    """Return the feed, if one is chosen; who is new begins with a copy of those who are there."""
    url, token = chosen.get("GATEWRIGHT_URL"), chosen.get("GATEWRIGHT_TOKEN")
    return FeedSubscriber(taking, url, token, copies=(PEOPLE,)) if url and token else None


async def mended(feed: FeedSubscriber[sqlite3.Connection] | None) -> str | None:
    """Compare the table with the service, and copy again what differs; return why that cannot be done."""
    if not feed:
        return UNNAMED
    try:
        for each in (found := await differences(feed, PEOPLE)):
            copied = await reload(feed, PEOPLE, first=each.first, last=each.last)
            print(f"differed from {each.first} to {each.last}: copied {copied}")
        if not found:
            print("complete")
    except (NoAnswer, Refused) as error:
        return str(error)
    return None


def subscription(taking: Consumer[sqlite3.Connection], chosen: Mapping[str, str]) -> Coroutine[Any, Any, None]:
    """Return what runs until it is cancelled: from the broker, or without one from the feed."""
    feed, amqp = feed_of(taking, chosen), chosen.get("AMQP_URL")
    if feed and not amqp:
        print("ready", flush=True)
        return feed.run()

    def ready(new: int) -> None:
        print(f"caught up: {new} new events\nready" if feed else "ready", flush=True)

    return RabbitSubscriber(
        taking,
        amqp or "amqp://guest:guest@127.0.0.1/",
        chosen.get("QUEUE", "user-service"),
        chosen.get("EVENTS_EXCHANGE", "auth.events"),
        feed,
        ready=ready,
    ).run()


async def main(words: list[str]) -> str | None:
    """Run until SIGTERM or SIGINT, or return why that makes no sense."""
    taking = consumer(os.environ.get("DATABASE", "users.sqlite3"))
    if words == ["letters"]:
        for letter in await taking.letters():
            print(f"{letter.at:%Y-%m-%d %H:%M:%S} {letter.id} {letter.reason}")
        return None
    if words == ["mend"]:
        return await mended(feed_of(taking, os.environ))
    if words == ["replay"]:
        if feed_of(taking, os.environ) is None:
            return f"nothing to read again from: {UNNAMED}"
        await taking.replay(None, reset)
    task = asyncio.create_task(subscription(taking, os.environ))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        try:
            await task
        except Refused as refused:
            return f"{refused}: start again with a new one"
    return None


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(message)s")
    logging.getLogger("gatewright_events").setLevel(logging.INFO)
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    sys.exit(asyncio.run(main(sys.argv[1:])))
