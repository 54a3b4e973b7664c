"""Entries of the audit trail as files of the archive have them."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID


def read_rows(lines: Iterable[str], size: int = 1_000) -> Iterator[list[Any]]:
    """Yield the entries of `lines` as Postgres gives them, so many at a time."""
    batch: list[Any] = []
    for line in lines:
        batch.append(_row(json.loads(line)))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(said: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as Postgres gives it, of one as it was archived."""
    row = {"form": 1, "person_id": None, "place": None, "trace": None} | said
    for name in ("id", "organization_id", "person_id"):
        row[name] = row[name] and UUID(row[name])
    for name in ("place", "leaf", "chain"):
        row[name] = row[name] and bytes.fromhex(row[name].removeprefix("\\x"))
    return row | {"occurred_at": datetime.fromisoformat(row["occurred_at"])}
