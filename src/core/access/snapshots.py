"""What a process knows of the database: which transactions it has seen."""

from dataclasses import dataclass
from typing import Self

from domain.kernel.consistency import ConsistencyToken


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of Postgres (`pg_current_snapshot()`), of the log that was in force."""

    log: bytes
    """The first eight bytes of the log's id."""
    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str, log: bytes) -> Self:
        """Read `xmin:xmax:xip,…`, as Postgres writes it."""
        xmin, xmax, running = text.split(":")
        return cls(log, int(xmin), int(xmax), frozenset(map(int, running.split(","))) if running else frozenset())

    def sees(self, transaction: int) -> bool:
        """Return whether that transaction had been committed, or rolled back, when this was taken."""
        return transaction < self.xmin or (transaction < self.xmax and transaction not in self.running)

    def includes(self, token: ConsistencyToken) -> bool:
        """Return whether the command of `token` was seen."""
        return token.log == self.log and self.sees(token.transaction)

    def is_at_least(self, other: "Snapshot") -> bool:
        """Return whether everything `other` saw is seen here. Of two snapshots of one server one always is."""
        return self.xmax >= other.xmax and not any(map(other.sees, self.running))
