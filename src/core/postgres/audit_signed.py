"""What the checkpoints of the audit trail say."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from core.audit.checking import Fault, Wrong
from core.audit.checkpoints import ARCHIVED, Checkpoint, digest_of, read
from core.audit.keys import AuditKeys
from core.audit.leaves import START
from core.audit.stretches import Stretch
from core.postgres.audit_checkpoints import believed, statements, with_kept

_STORED: Final = "SELECT chain FROM audit WHERE position = $1"
_BETWEEN: Final = """
SELECT statement FROM audit_checkpoints WHERE position BETWEEN $1 AND $2 ORDER BY position, number
"""


@dataclass(slots=True)
class Signed:
    """What was signed of the trail; call `look` first. Of others' checkpoints nothing is believed."""

    connection: Any
    keys: AuditKeys
    count: int = field(default=0, init=False)
    furthest: int = field(default=0, init=False)
    """The last position of any checkpoint."""
    archived: dict[Stretch, set[str]] = field(default_factory=dict, init=False)
    """The first and last positions of what was archived, and the digests of files that have it."""
    ill: list[tuple[int, Fault]] = field(default_factory=list, init=False)
    """By the last positions of what was archived, what was wrong with it by then."""

    async def look(self) -> AsyncIterator[Fault]:
        """Look at the checkpoints themselves, and take from them what they say."""
        self.keys = await with_kept(self.connection, self.keys)
        number, previous = 0, None
        async for row in statements(self.connection):
            position = row["position"]
            if row["number"] != number + 1:
                yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {number + 1} is missing", position)
            try:
                said = read(row["statement"], self.keys.known)
            except ValueError as error:
                yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {row['number']}: {error}", position)
            else:
                for fault in _compared(said, row, previous if row["number"] == number + 1 else None):
                    yield fault
                self._take(said)
            number, previous = row["number"], digest_of(row["statement"])
            self.count += 1

    async def chain(self, position: int) -> bytes | None:
        """Return the chain at `position`, as signed, or else as the entry there has it; None if nobody knows."""
        if position == 0:
            return START
        said = await believed(self.connection, self.keys, position)
        if said and said.position == position:
            return bytes.fromhex(said.chain)
        stored: bytes | None = await self.connection.fetchval(_STORED, position)
        return stored

    async def chains(self, first: int, last: int) -> dict[int, list[str]]:
        """Return the chains that were signed, in hexadecimal, by position."""
        found: dict[int, list[str]] = {}
        for row in await self.connection.fetch(_BETWEEN, first, last):
            try:
                said = read(row["statement"], self.keys.known)
            except ValueError:
                continue  # told already
            found.setdefault(said.position, []).append(said.chain)
        return found

    def _take(self, said: Checkpoint) -> None:
        self.furthest = max(self.furthest, said.position)
        if said.reason != ARCHIVED or not said.first:
            return
        self.archived.setdefault((said.first, said.position), set()).add(said.sha256 or "")
        # Of what is in the database the entries themselves are looked at; of what has left it, this is all there is.
        if said.faulty is not None:
            detail = f"something was wrong here when {said.first}-{said.position} was archived"
            self.ill.append((said.position, Fault(said.faulty, Wrong.CHECKPOINT, detail, said.faulty)))


def _compared(said: Checkpoint, row: Any, previous: str | None) -> Iterator[Fault]:
    position, number = row["position"], row["number"]
    if (said.number, said.position) != (number, position):
        yield Fault(
            position, Wrong.CHECKPOINT, f"checkpoint {number} was number {said.number} at {said.position}", position
        )
    elif previous and said.previous != previous:
        yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {number} does not follow the one before it", position)
