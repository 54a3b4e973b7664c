"""The identity of the log, which is another after a backup was restored."""

from typing import Any, Final
from uuid import UUID

_RENEW: Final = "UPDATE log_head SET log_id = gen_random_uuid() RETURNING log_id"


async def renew(connection: Any) -> UUID:
    """Give the log another id, and return it: positions are given a second time, so no place of before is one now.

    Cursors, followers of revocations, consistency tokens and the names of archived files all have the id in them, and
    ask for it each time: running processes need not be told.
    """
    log_id: UUID = await connection.fetchval(_RENEW)
    return log_id
