"""What `gatewright restored` does."""

import asyncio
from uuid import UUID

import click

from api.starting import ready_database
from core.keys import Keys
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.operator_notes import note
from core.postgres.renewing import renew
from core.settings import Settings


def restored(settings: Settings) -> None:
    """Give the log another id, and tell it."""
    url, keys = ready_database(settings), Keys.read(settings)

    async def run() -> UUID:
        async with (
            session(Database(url, size=1), "gatewright-restored") as connection,
            connection.transaction(),
        ):
            log_id = await renew(connection)
            await note(connection, keys, "events.log.renew", f"log:{log_id}")
            return log_id

    click.echo(f"The log is {asyncio.run(run())} from now on. Whoever followed the one before starts from a snapshot.")
