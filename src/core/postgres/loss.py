"""What losing Postgres looks like, and what being overtaken in it."""

import re
from typing import Final

import asyncpg

# InternalClientError ("cannot switch to state ...") is what asyncpg raises when the server dies under a transaction's
# rollback; it is neither a PostgresError nor an InterfaceError. A TimeoutError is an OSError.
POSTGRES_LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a loop that lives on a connection survives, by connecting again."""

_CLASSES: Final = ("08", "53", "57P", "58")
"""Connection lost, resources exhausted (too many connections, disk full), shut down or starting, input or output."""
_STATES: Final = {
    "25006",  # read-only: a replica that was not promoted, or no longer the primary
    "25P03",  # idle in transaction for too long
    "55P03",  # a lock was not to be had in time
    "57014",  # the statement took too long
}
_CLASHES: Final = {
    "40001",  # it could not have happened in any order with what others did
    "40P01",  # it waited for somebody who waited for it
}
# asyncpg raises the same class when it is misused; only the words differ.
_CLOSED: Final = re.compile(r"(connection|pool) (is|was) clos(ed|ing)")


def outage(error: BaseException | None) -> bool:
    """Return whether `error` means that Postgres cannot be reached or cannot keep up, rather than a defect of ours."""
    from sqlalchemy import exc  # noqa: PLC0415 - what only supervises or migrates nothing starts without SQLAlchemy

    match error:
        case exc.DBAPIError():
            return error.connection_invalidated or outage(getattr(error.orig, "__cause__", None))
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            return state.startswith(_CLASSES) or state in _STATES
        case asyncpg.InterfaceError():
            return bool(_CLOSED.search(str(error)))
        case OSError() | exc.TimeoutError() | asyncpg.InternalClientError():
            return True
    return False


def clash(error: BaseException | None) -> bool:
    """Return whether Postgres undid the transaction because of others: alone, the same would have been done."""
    from sqlalchemy import exc  # noqa: PLC0415 - as above

    if isinstance(error, exc.DBAPIError):
        error = getattr(error.orig, "__cause__", None)
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _CLASHES
