"""What is wrong with entries, of each by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from core.audit.checking import Check, Wrong
from core.audit.keys import AuditKey
from core.audit.leaves import START, leaf, link
from domain.kernel.ids import uuid7

KEY = b"k" * 32


def made(*ages: timedelta) -> list[dict[str, Any]]:
    """Return entries that were made so long ago, linked and authentic."""
    rows: list[dict[str, Any]] = []
    chain = START
    for position, age in enumerate(ages, 1):
        entry_id = UUID(int=uuid7().int - (int(age.total_seconds() * 1000) << 80))
        row: dict[str, Any] = {
            "position": position, "id": entry_id, "action": "a.b.c", "outcome": "done", "actor": "anonymous", "target": None,
            "organization_id": None, "occurred_at": datetime.now(UTC) - age, "form": 2, "person_id": None,
            "place": None, "trace": None,
        }  # fmt: skip
        row["leaf"] = leaf(KEY, row)
        chain = row["chain"] = link(chain, row["leaf"])
        rows.append(row)
    return rows


def places(rows: list[dict[str, Any]]) -> list[int]:
    check = Check([AuditKey(KEY, b"")], 0, START)
    faults = [fault for row in rows for fault in check.entry(row)]
    assert {fault.wrong for fault in faults} <= {Wrong.OUT_OF_PLACE}
    return [fault.position for fault in faults]


def test_an_entry_from_days_before_those_before_it_is_out_of_place() -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert places(made(9 * day, 3 * day, 5 * day, 3 * day, 2 * day)) == [3]
    assert places(made(3 * day, 3 * day + 23 * hour, 2 * day)) == [], "commands end late, and clocks differ"


def test_a_clock_that_was_years_ahead_is_told_once() -> None:
    year, now = timedelta(days=365), timedelta(0)
    assert places(made(now, -70 * year, now, now, now)) == [3]
