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
    server: str = ""
    """Which run of the server it is of: after a crash Postgres gives numbers again whose transactions left no trace."""

    @classmethod
    def parse(cls, text: str, log: bytes, server: str = "") -> Self:
        """Read `xmin:xmax:xip,…`, as Postgres writes it."""
        xmin, xmax, running = text.split(":")
        numbers = frozenset(map(int, running.split(","))) if running else frozenset[int]()
        return cls(log, int(xmin), int(xmax), numbers, server)

    def sees(self, transaction: int) -> bool:
        """Return whether that transaction had been committed, or rolled back, when this was taken."""
        return transaction < self.xmin or (transaction < self.xmax and transaction not in self.running)

    def includes(self, token: ConsistencyToken) -> bool:
        """Return whether the command of `token` was seen."""
        return token.log == self.log and self.sees(token.transaction)

    def continues(self, other: "Snapshot") -> bool:
        """Return whether the numbers of transactions mean the same in both."""
        return (self.log, self.server) == (other.log, other.server)

    def is_at_least(self, other: "Snapshot") -> bool:
        """Return whether everything `other` saw is seen here. Of two snapshots of one server one always is."""
        return self.xmax >= other.xmax and not any(map(other.sees, self.running))
