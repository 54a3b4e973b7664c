"""Have what is old leave the database, on a machine that stalls: who waits for a lock gives up within seconds."""

import logging
from datetime import timedelta
from typing import Any

from core.postgres import retention
from core.postgres.cutting import cut
from core.postgres.partitions import Log
from core.postgres.retention import BUSY, Retention
from tests.support.facts import until


async def looked(keeping: Retention, connection: Any) -> None:
    """Look for what is old; once more whenever a log seemed in use, which nobody uses."""
    said = list[str]()

    def note(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return True

    async def undisturbed() -> bool:
        said.clear()
        await keeping.look(connection)
        return not any("is in use" in each for each in said)

    log = logging.getLogger(retention.__name__)
    log.addFilter(note)
    try:
        await until(undisturbed)
    finally:
        log.removeFilter(note)


async def ended(connection: Any, log: Log, period: timedelta) -> None:
    """End the partition that is being written; once more whenever somebody seemed to use it, which nobody does."""

    async def undisturbed() -> bool:
        try:
            await cut(connection, log, period)
        except BUSY:
            return False
        return True

    await until(undisturbed)
