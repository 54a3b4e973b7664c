"""Rows in memory belong to one command until it commits."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.kernel.errors import ConcurrentChange
from tests.support.memory.store import MemoryTable, copied


@dataclass
class Versioned:
    name: str
    parts: list[str] = field(default_factory=list)
    version: int = 1


@dataclass(frozen=True)
class Plain:
    number: int


def commit(table: MemoryTable) -> None:
    table.keep(list(table.changed()))


def test_a_row_is_copied_when_it_is_read_and_when_it_is_kept() -> None:
    committed: dict[str, Any] = {"a": Versioned("one", ["x"])}
    table = MemoryTable(committed)
    row = table.get("a")
    row.parts.append("y")
    assert committed["a"].parts == ["x"]
    commit(table)
    row.parts.append("z")
    assert committed["a"].parts == ["x", "y"]


def test_reading_alone_changes_nothing() -> None:
    table = MemoryTable({"a": Versioned("one")})
    assert table.values() == [Versioned("one")]
    assert list(table.changed()) == []


def test_versioned_rows_refuse_the_second_change_and_others_take_it() -> None:
    committed: dict[str, Any] = {"a": Versioned("one"), "b": Plain(1)}
    first, second = MemoryTable(committed), MemoryTable(committed)
    for number, table in enumerate((first, second), start=2):
        table.put("b", Plain(number))
    commit(first)
    commit(second)
    assert committed["b"] == Plain(3)
    for table in (first, second):
        table.get("a").name = "changed"
    commit(first)
    with pytest.raises(ConcurrentChange):
        commit(second)


def test_a_removed_row_is_gone_for_the_command_at_once_and_for_others_at_the_commit() -> None:
    committed: dict[str, Any] = {"a": Versioned("one")}
    table = MemoryTable(committed)
    table.remove("a")
    assert table.get("a") is None
    assert "a" in committed
    commit(table)
    assert committed == {}


def test_copies_are_deep() -> None:
    row = Versioned("one", ["x"])
    assert copied(row) == row
    assert copied(row).parts is not row.parts
