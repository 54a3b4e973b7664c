"""What `gatewright events parked` does."""

import asyncio
import json
from collections.abc import Iterable

import click
from aio_pika.exceptions import AMQPError
from msgspec import to_builtins

from api.event_commands import UNFINISHED, configured_broker
from api.starting import Hopeless, ready_database
from core.keys import Keys
from core.postgres.database import Database
from core.postgres.loss import POSTGRES_LOST
from core.rabbit.errand import Errand
from core.rabbit.parked import ParkedEvent, Retrying, parked_events
from core.rabbit.publishing import NotSent
from core.retrying import summary
from core.settings import Settings


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the events that were given up, the oldest first."""
    found = asyncio.run(parked_events(Database(ready_database(settings), size=1), Errand().sink))
    if as_json:
        click.echo(json.dumps(to_builtins(found), indent=2))
    else:
        _list(found)


def retry(settings: Settings, *, as_json: bool) -> int:
    """Publish them once more, and print how many went and what is left; return the exit status."""
    database, amqp = Database(ready_database(settings), size=1), configured_broker(settings)
    errand = Errand(source=f"{settings.served_at}/auth", people=Keys.read(settings).people)

    async def run() -> tuple[list[int], list[ParkedEvent]]:
        return await Retrying(database, amqp, errand)(), await parked_events(database, errand.sink)

    try:
        sent, left = asyncio.run(run())
    except (NotSent, AMQPError, *POSTGRES_LOST) as error:
        raise Hopeless(f"not all could be tried, come again: {summary(error)}.") from error
    if as_json:
        click.echo(json.dumps({"sent": sent, "left": to_builtins(left)}, indent=2))
    else:
        click.echo(f"{len(sent)} sent, {len(left)} left")
        _list(left)
    return UNFINISHED if left else 0


def _list(found: Iterable[ParkedEvent]) -> None:
    for each in found:
        what = f"{each.type} of {each.aggregate_type}/{each.aggregate_id}" if each.id else "no longer in the database"
        click.echo(f"{each.position}  {each.parked_at:%Y-%m-%dT%H:%M:%SZ}  {what}: {each.reason}")
