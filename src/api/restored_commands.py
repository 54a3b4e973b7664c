"""What `gatewright restored` does."""

import asyncio
from uuid import UUID

import click

from api.starting import ready_database
from core.keys import Keys
from core.postgres.database import Database
from core.postgres.direct import session
from core.postgres.operator_notes import note
from core.postgres.renewing import raise_epochs, refuse_tokens, renew
from core.settings import Settings

PATIENCE = 60.0
"""Seconds that a batch of people may take."""


def restored(settings: Settings, *, end_sessions: bool) -> None:
    """Give the log another id and people other epochs, end all sessions if asked to, and tell it."""
    url, keys = ready_database(settings), Keys.read(settings)

    async def run() -> tuple[UUID, int]:
        async with session(Database(url, size=1), "gatewright-restored", PATIENCE) as connection:
            if end_sessions:
                # In the trail before it is done: in batches it may be half done.
                log_id = await connection.fetchval("SELECT log_id FROM log_head")
                await note(connection, keys, "sessions.session.end_all", f"log:{log_id}")
            people = await raise_epochs(connection, end_sessions=end_sessions)
            async with connection.transaction():
                log_id = await renew(connection)
                if end_sessions:
                    await refuse_tokens(connection, settings.access_life)
                await note(connection, keys, "events.log.renew", f"log:{log_id}")
            return log_id, people

    log_id, people = asyncio.run(run())
    click.echo(f"The log is {log_id} from now on. Whoever followed the one before starts from a snapshot.")
    if end_sessions:
        click.echo(f"All {people} people have to sign in again.")
