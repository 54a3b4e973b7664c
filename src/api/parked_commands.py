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
from core.operating import CALL
from core.postgres.database import Database
from core.postgres.loss import POSTGRES_LOST
from core.rabbit.errand import Errand
from core.rabbit.parked import ParkedEvent, Retrying, parked_events
from core.rabbit.publishing import NotSent
from core.replaying import replaying
from core.retrying import summary
from core.settings import Settings
from domain.events.commands.retry_parked_events import RetryParkedEvents
from domain.kernel.errors import DomainError


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the events that were given up, the oldest first."""
    found = asyncio.run(parked_events(Database(ready_database(settings), size=1), Errand().sink))
    if as_json:
        click.echo(json.dumps(to_builtins(found), indent=2))
    else:
        _list(found)


def retry(settings: Settings, *, as_json: bool) -> int:
    """Publish them once more, and print how many went and what is left; return the exit status."""
    database, amqp, keys = Database(ready_database(settings), size=1), configured_broker(settings), Keys.read(settings)
    errand = Errand(source=f"{settings.served_at}/auth", people=keys.people)
    try:
        sent, left = asyncio.run(_retry(database, amqp, keys, errand))
    except DomainError as refusal:
        raise Hopeless(f"{refusal.code}: {refusal.detail or type(refusal).__doc__}") from refusal
    except (NotSent, AMQPError, *POSTGRES_LOST) as error:
        raise Hopeless(f"not all could be tried, come again: {summary(error)}.") from error
    if as_json:
        click.echo(json.dumps({"sent": sent, "left": to_builtins(left)}, indent=2))
    else:
        click.echo(f"{len(sent)} sent, {len(left)} left")
        _list(left)
    return UNFINISHED if left else 0


async def _retry(database: Database, amqp: str, keys: Keys, errand: Errand) -> tuple[list[int], list[ParkedEvent]]:
    await database.open()
    try:
        asked = await replaying(database, keys)(RetryParkedEvents(sink=errand.sink), CALL)
        return await Retrying(database, amqp, errand)(asked.result), await parked_events(database, errand.sink)
    finally:
        await database.close()


def _list(found: Iterable[ParkedEvent]) -> None:
    for each in found:
        what = f"{each.type} of {each.aggregate_type}/{each.aggregate_id}" if each.id else "no longer in the database"
        click.echo(f"{each.position}  {each.parked_at:%Y-%m-%dT%H:%M:%SZ}  {what}: {each.reason}")
