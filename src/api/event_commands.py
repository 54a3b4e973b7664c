"""What `gatewright events` does."""

import asyncio
import json
import logging
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import click

from api.starting import Hopeless, place, ready_database
from core.discovery import load_use_cases
from core.keys import Keys
from core.operating import CALL
from core.postgres.database import Database
from core.rabbit.replay import QueueRefused, Replay, Stopped, check_queue
from core.replaying import replaying
from core.retrying import summary
from core.settings import Settings
from domain.events.commands.replay_events import ReplayEvents
from domain.events.reading import Course
from domain.events.schemas import FeedCursor
from domain.kernel.errors import CursorGone, DomainError

UNFINISHED: Final = 3
INTERRUPTED: Final = 130
OFTEN: Final = 2
"""Seconds between two lines about how far it has come."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a replay ended."""

    replay: Replay
    seconds: float
    next: FeedCursor
    """Behind which to go on."""
    wrong: str | None = None
    """Why it did not come to its end."""
    status: int = 0

    def data(self) -> dict[str, Any]:
        """Return what is printed as JSON."""
        replay = self.replay
        return {
            "queue": replay.queue,
            "sent": replay.sent,
            "first": self._cursor(replay.first),
            "last": self._cursor(replay.last),
            "next": str(self.next),
            "complete": self.status == 0,
            "reason": self.wrong,
            "unsendable": [{"position": at, "reason": why} for at, why in sorted(replay.unsendable.items())],
            "seconds": round(self.seconds, 3),
        }

    def text(self) -> str:
        """Return what people read."""
        replay = self.replay
        reach = f", positions {replay.first} to {replay.last}," if replay.sent else ""
        return f"{replay.sent} events{reach} were sent to {replay.queue} in {self.seconds:.1f} s; next: {self.next}"

    def _cursor(self, position: int | None) -> str | None:
        return None if position is None else str(FeedCursor(self.replay.cursor.log, position))


def configured_broker(settings: Settings) -> str:
    """Return the URL of the broker, or raise `Hopeless` if none is configured."""
    if settings.rabbitmq_url is None:
        raise Hopeless("GATEWRIGHT_RABBITMQ_URL is not set: events are sent again over RabbitMQ.")
    # What its client says of a lost connection is said here in a line.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    return settings.rabbitmq_url.get_secret_value()


def replay(settings: Settings, asked: ReplayEvents, patience: float, *, as_json: bool) -> int:
    """Publish what is asked for, and tell how it went; return the exit status. Raise `Hopeless` before anything."""
    url, amqp = ready_database(settings), configured_broker(settings)
    load_use_cases()  # they say which types of events there are
    try:
        ended = asyncio.run(_replay(settings, url, amqp, asked, patience))
    except CursorGone as error:
        raise Hopeless(
            f"what follows {asked.after} is not in the database: it was archived (`gatewright archive list events`, "
            "then `restore`), or the cursor is of another log."
        ) from error
    except DomainError as refusal:
        details = " ".join(each.message for each in refusal.errors) or refusal.detail or ""
        raise Hopeless(f"{refusal.code}: {details or type(refusal).__doc__}") from refusal
    click.echo(json.dumps(ended.data(), indent=2) if as_json else ended.text())
    for position, why in sorted(ended.replay.unsendable.items()):
        _say(f"the event at position {position} cannot be sent: {why}")
    if ended.wrong:
        _say(f"{ended.wrong}; go on with --after {ended.next}")
    return ended.status


async def _replay(settings: Settings, url: str, amqp: str, asked: ReplayEvents, patience: float) -> _Ended:
    try:
        await check_queue(amqp, asked.queue)
    except QueueRefused as error:
        raise Hopeless(f"{error}: its service declares it, then come again.") from error
    except Exception as error:
        raise Hopeless(f"the broker at {place(amqp)} does not let us in ({summary(error)}).") from error
    keys, database = Keys.read(settings), Database(url, size=1)
    await database.open()
    try:
        course: Course = (await replaying(database, keys)(asked, CALL)).result
        _announce(asked, course)
        again = Replay(
            database, amqp, asked.queue, course, f"{settings.served_at}/auth", people=keys.people, patience=patience
        )
        return await _told(again)
    finally:
        await database.close()


def _announce(asked: ReplayEvents, course: Course) -> None:
    start = course.start.position
    if asked.after is None and start:
        _say(f"the first {start} events have left the database: see `gatewright archive list events`")
    _say(f"sends what is wanted of positions {start + 1} to {course.end} to {asked.queue}")


async def _told(again: Replay) -> _Ended:
    """Run it to its end, or until somebody stops it, and say how far it has come meanwhile."""
    began, loop = time.monotonic(), asyncio.get_running_loop()
    going, saying = asyncio.create_task(again.run()), asyncio.create_task(_say_often(again))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, going.cancel)
    wrong, status, after = None, 0, None
    try:
        await going
    except Stopped as error:
        wrong, status, after = str(error), UNFINISHED, error.cursor
    except QueueRefused as error:  # somebody has just deleted it
        wrong, status = str(error), UNFINISHED
    except asyncio.CancelledError:
        wrong, status = "interrupted", INTERRUPTED
    finally:
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying
    status = status or (UNFINISHED if again.unsendable else 0)
    return _Ended(again, time.monotonic() - began, after or again.cursor, wrong, status)


async def _say_often(again: Replay) -> None:
    while True:
        await asyncio.sleep(OFTEN)
        _say(f"{again.sent} sent, at position {again.cursor.position} of {again.course.end}")


def _say(text: str) -> None:
    click.echo(f"gatewright: {text}", err=True)
