"""`gatewright events`."""

import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from api.shell import JSON, configured, one_line


class _Time(click.ParamType[datetime]):
    """A time with its zone, as RFC 3339 writes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is no time with a zone, as 2026-01-02T03:04:05Z is.", param, ctx)
        return moment


TIME = _Time()


@click.group()
def events() -> None:
    """Send events again over RabbitMQ. Ends with 1 when it refuses; nothing was sent then."""


@events.command()
@click.option("--retry", is_flag=True, help="Publish them once more; those that fail again stay.")
@JSON
def parked(*, retry: bool, as_json: bool) -> None:
    """List the events that RabbitMQ never took, and why; they were put aside for the others to pass.

    With --retry it ends with 3 if some are left.
    """
    from api.parked_commands import retry as retried  # noqa: PLC0415
    from api.parked_commands import show  # noqa: PLC0415

    with one_line():
        if retry:
            sys.exit(retried(configured(), as_json=as_json))
        show(configured(), as_json=as_json)


@events.command()
@click.option("--queue", required=True, help="The queue that gets them; nobody else does.")
@click.option(
    "--after", default=None, metavar="CURSOR", help="Begin after this place, as a replay or the feed said it."
)
@click.option("--since", default=None, type=TIME, metavar="TIME", help="Only what occurred then or later (RFC 3339).")
@click.option("--until", default=None, type=TIME, metavar="TIME", help="Only what occurred before that.")
@click.option("--type", "types", multiple=True, metavar="PATTERN", help="Only such types: identity.user.*; repeatable.")
@click.option("--organization", default=None, type=click.UUID, metavar="ID", help="Only what belongs to it.")
@click.option(
    "--patience", default=120, show_default=True, type=click.IntRange(1), help="Seconds without progress to wait."
)
@JSON
def replay(
    queue: str,
    after: str | None,
    since: datetime | None,
    until: datetime | None,
    types: tuple[str, ...],
    organization: UUID | None,
    patience: int,
    *,
    as_json: bool,
) -> None:
    """Put events of the log into one queue again, under the same ids, up to where the log ends now.

    Begins with the oldest event that the database still has, or after CURSOR. At the end it says where to go on.
    Ends with 3 if not all could be sent, and with 130 when it was interrupted.
    """
    from api.event_commands import replay as replayed  # noqa: PLC0415
    from domain.events.commands.replay_events import ReplayEvents  # noqa: PLC0415
    from domain.kernel.ids import OrganizationId  # noqa: PLC0415

    if after and since:
        raise click.UsageError("--after and --since both say where to begin: give one of them.")
    whose = OrganizationId(organization) if organization else None
    asked = ReplayEvents(queue=queue, after=after, since=since, until=until, type=types, organization_id=whose)
    with one_line():
        sys.exit(replayed(configured(), asked, patience, as_json=as_json))
