"""Deleted rows stay in their pages, and what was written in the WAL, until Postgres needs the room: have it gone."""

from collections.abc import Iterator
from typing import Any, Final

TABLES: Final = (
    *("credentials", "former_addresses", "idempotency_keys", "invitations", "jobs", "mailed_links", "outbox"),
    *("person_keys", "refresh_families", "sessions", "users"),
)
"""Those with more about people than their ids, or with keys. Events and audit entries are sealed, and stay."""


def statements() -> Iterator[str]:
    """Yield what is to be run, each by itself: none of it can be in a transaction."""
    for table in TABLES:
        yield f"VACUUM (FULL, ANALYZE) {table}"
    # Files that were replaced are let go of by a checkpoint. The WAL before the last but one is not needed afterwards.
    for _ in range(2):
        yield "CHECKPOINT"
        yield "SELECT pg_switch_wal()"
    yield "CHECKPOINT"


async def scrub(connection: Any, patience: float = 3600) -> None:
    """Run it all; each statement may take so many seconds."""
    await connection.execute("SET statement_timeout = 0")
    await connection.execute("SET lock_timeout = 0")
    for statement in statements():
        await connection.execute(statement, timeout=patience)
