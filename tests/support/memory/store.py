"""What every in-memory adapter keeps, and how one command sees it."""

from collections.abc import Hashable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from core.postgres.audit import Entry
from core.postgres.flush import Fact, Job
from domain.kernel.errors import ConcurrentChange
from domain.kernel.revocation import Marker


@dataclass(frozen=True, slots=True)
class Kept:
    """An answered `Idempotency-Key`."""

    request: bytes
    answer: bytes
    people: frozenset[UUID] = frozenset()
    """Whom the answer shows."""
    person: UUID | None = None
    about: str | None = None


@dataclass
class Memory:
    """All that was committed. One for each test; readers read `table`, and must not change what they find."""

    published: list[Fact] = field(default_factory=list)
    audited: list[Entry] = field(default_factory=list)
    audit_dropped: int = 0
    """How many of those, the oldest, are not there to be read any more."""
    jobs: list[Job] = field(default_factory=list)
    revocations: dict[tuple[str, str], Marker] = field(default_factory=dict)
    answers: dict[tuple[str, str], Kept] = field(default_factory=dict)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    """Keys whose first use has not ended."""
    commits: int = 0
    _tables: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def table(self, name: str) -> dict[Any, Any]:
        """Return the committed rows of `name`, by key."""
        return self._tables.setdefault(name, {})


@dataclass
class MemoryTable:
    """The rows of one table as one command sees and changes them; others see them when it commits."""

    committed: dict[Any, Any]
    mine: dict[Any, Any] = field(default_factory=dict)
    """None stands for a row that was removed."""
    read: dict[Any, Any] = field(default_factory=dict)
    """The committed row that each of mine was made of, None for a new one."""

    def get(self, key: Hashable) -> Any:
        """Return the row, to be changed at will, or None."""
        if key not in self.mine and key in self.committed:
            self.read[key] = self.committed[key]
            self.mine[key] = copied(self.committed[key])
        return self.mine.get(key)

    def put(self, key: Hashable, row: Any) -> None:
        """Insert or replace the row."""
        self.read.setdefault(key, self.committed.get(key))
        self.mine[key] = row

    def remove(self, key: Hashable) -> None:
        """Remove the row, if there is one."""
        self.put(key, None)

    def values(self) -> list[Any]:
        """Return all rows, to be changed at will."""
        rows = [self.get(key) for key in {**self.committed, **self.mine}]
        return [row for row in rows if row is not None]

    def changed(self) -> Iterator[Any]:
        """Return the keys of what this command changed; raise `ConcurrentChange` as a versioned table would."""
        for key, row in self.mine.items():
            before = self.read[key]
            if _same(row, before):
                continue
            if self.committed.get(key) is not before and hasattr(before or row, "version"):
                raise ConcurrentChange
            yield key

    def keep(self, keys: list[Any]) -> None:
        """Commit the rows named."""
        for key in keys:
            if self.mine[key] is None:
                self.committed.pop(key, None)
            else:
                self.committed[key] = copied(self.mine[key])


def copied(row: Any) -> Any:
    """Copy `row` deeply. Mapped classes carry the state of their mapper, which must not be copied with them."""
    if not is_dataclass(row) or isinstance(row, type):
        return deepcopy(row)
    made = replace(row, **{part.name: copied(getattr(row, part.name)) for part in fields(row) if part.init})
    for part in fields(row):
        if not part.init:
            object.__setattr__(made, part.name, copied(getattr(row, part.name)))
    return made


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or not is_dataclass(one) or isinstance(one, type):
        return bool(one == other)
    return all(_same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
