"""Entries of the audit trail that are there twice."""

from collections.abc import Sequence
from typing import Any, Final

from core.audit.checking import Fault, Wrong

# What a copy is authenticated with covers the moment as well, and that has an index.
_COPIES: Final = """
SELECT e.position, a.position AS other
FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[]) AS e (position, id, occurred_at)
JOIN audit a ON a.occurred_at = e.occurred_at AND a.id = e.id AND a.position <> e.position
"""


async def copies(connection: Any, rows: Sequence[Any], *, later: bool) -> list[Fault]:
    """Say which of `rows` is a copy of one in the database, or with `later` is copied there.

    Whoever may write to the database can have an authentic entry numbered, linked and signed once more.
    """
    columns = ([row[name] for row in rows] for name in ("position", "id", "occurred_at"))
    found = []
    for position, other in await connection.fetch(_COPIES, *columns):
        if (other > position) is later:
            first, last = sorted((position, other))
            found.append(Fault(last, Wrong.OUT_OF_PLACE, f"it is a copy of {first}", last))
    return found
