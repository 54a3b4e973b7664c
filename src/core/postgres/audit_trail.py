"""Verifying the audit trail: in the database, and in files that it was archived to."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from core.audit.checking import Check, Fault, Wrong
from core.audit.checkpoints import ARCHIVED, Checkpoint, digest_of, read
from core.audit.keys import AuditKeys
from core.audit.leaves import START
from core.audit.stretches import Stretch, holes
from core.postgres.audit_checkpoints import believed, entries, statements, with_kept
from core.postgres.audit_files import read_rows

_END: Final = """
SELECT h.audit_position AS position, h.audit_chain AS chain,
       (SELECT min(position) FROM audit) AS oldest,
       (SELECT array_agg(position ORDER BY position) FROM (
           SELECT position FROM audit WHERE position > h.audit_position ORDER BY position LIMIT 100) beyond) AS beyond
FROM log_head h
"""
_STORED: Final = "SELECT chain FROM audit WHERE position = $1"
_BETWEEN: Final = """
SELECT statement FROM audit_checkpoints WHERE position BETWEEN $1 AND $2 ORDER BY position, number
"""


@dataclass(slots=True)
class Verification:
    """Looks at entries from `first` to `last`; by default at all that are in the database, and at their end.

    Iterate over `run` or `file`; `entries` and `reached` say how far it has come. Memory does not grow with the trail.
    """

    connection: Any
    keys: AuditKeys
    first: int = 1
    last: int | None = None
    anchors: dict[int, str] = field(default_factory=dict)
    """Chains (hexadecimal) by position, which somebody has remembered elsewhere."""
    progress: Callable[[int, int], None] = lambda _done, _all: None
    entries: int = field(default=0, init=False)
    checkpoints: int = field(default=0, init=False)
    reached: int = field(default=0, init=False)
    _archived: list[Stretch] = field(default_factory=list, init=False)
    """The first and last positions of what was archived, by what we signed."""
    _furthest: int = field(default=0, init=False)
    """The last position of any checkpoint."""

    async def run(self) -> AsyncIterator[Fault]:
        """Yield what is wrong, by position."""
        keys = await self._known()
        async for fault in self._statements(keys):
            yield fault
        end = await self.connection.fetchrow(_END)
        there = max(end["position"], self._furthest, *self.anchors)
        last = there if self.last is None else min(self.last, there)
        first = self._begin(end["oldest"], last)
        for hole in holes(self._archived, self.first, min(first - 1, last)):
            yield Fault(hole[0], Wrong.MISSING, "they are neither here nor archived", hole[1])
        async for fault in self._elsewhere(keys, first, last):
            yield fault
        check = Check(keys.leaves, first - 1, await self._chain(keys, first - 1))
        async for rows in entries(self.connection, first - 1, min(last, end["position"])):
            for fault in await self._batch(check, keys, rows):
                yield fault
            self.progress(check.position - first + 1, last - first + 1)
        whole = last >= end["position"]
        for fault in check.end(last, end["chain"] if whole and last == end["position"] else None):
            yield fault
        for position in (end["beyond"] or []) if whole else []:
            yield Fault(position, Wrong.OUT_OF_PLACE, "it is beyond the end of the trail", position)
        self.entries, self.reached = check.entries, check.position

    async def file(self, lines: Iterable[str]) -> AsyncIterator[Fault]:
        """Yield what is wrong with an archived partition, the lines of which are given."""
        keys = await self._known()
        check, last = None, 0
        async for fault in self._statements(keys):
            yield fault
        for rows in read_rows(lines):
            if check is None:
                first, last = self._file_of(rows[0]["position"])
                async for fault in self._elsewhere(keys, first, last):
                    yield fault
                check = Check(keys.leaves, first - 1, await self._chain(keys, first - 1))
            for fault in await self._batch(check, keys, rows):
                yield fault
            self.progress(check.entries, 0)
        if check:
            for fault in check.end(last, None):
                yield fault
            self.entries, self.reached = check.entries, check.position

    async def _known(self) -> AuditKeys:
        return await with_kept(self.connection, self.keys)

    async def _statements(self, keys: AuditKeys) -> AsyncIterator[Fault]:
        """Look at the checkpoints themselves, and take from them what is archived and how far the trail had come."""
        number, previous = 0, None
        async for row in statements(self.connection):
            position = row["position"]
            if row["number"] != number + 1:
                yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {number + 1} is missing", position)
            try:
                said = read(row["statement"], keys.known)
            except ValueError as error:
                yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {row['number']}: {error}", position)
            else:
                for fault in _compared(said, row, previous if row["number"] == number + 1 else None):
                    yield fault
                self._furthest = max(self._furthest, said.position)
                if said.reason == ARCHIVED and said.first:
                    self._archived.append((said.first, said.position))
            number, previous = row["number"], digest_of(row["statement"])
            self.checkpoints += 1

    def _begin(self, oldest: int | None, last: int) -> int:
        """Return where to begin: what is in files, and not in the database, is not missing here."""
        gone = max((end for _, end in self._archived), default=0)
        there = last + 1 if oldest is None else oldest
        return self.first if self.first > gone or self.first >= there else min(gone + 1, there)

    async def _elsewhere(self, keys: AuditKeys, first: int, last: int) -> AsyncIterator[Fault]:
        """Compare what somebody has remembered of other positions with what was signed of them."""
        for position, chain in sorted(self.anchors.items()):
            if first <= position <= last:
                continue
            signed = (await self._signed_of(keys, position, position)).get(position, [])
            if not signed:
                detail = "nothing that was looked at says what the chain is there: look at the file that has it"
                yield Fault(position, Wrong.CHECKPOINT, detail, position)
            elif any(each != chain for each in signed):
                yield Fault(position, Wrong.REWRITTEN, f"what was remembered of {position} is something else", position)

    def _file_of(self, position: int) -> Stretch:
        """Return the first and last position of the file that has an entry, as far as that was signed."""
        return next((each for each in self._archived if each[0] <= position <= each[1]), (position, position))

    async def _chain(self, keys: AuditKeys, position: int) -> bytes | None:
        """Return the chain at `position`, as signed, or else as the entry there has it; None if nobody knows."""
        if position == 0:
            return START
        said = await believed(self.connection, keys, position)
        if said and said.position == position:
            return bytes.fromhex(said.chain)
        stored: bytes | None = await self.connection.fetchval(_STORED, position)
        return stored

    async def _batch(self, check: Check, keys: AuditKeys, rows: list[Any]) -> list[Fault]:
        signed = await self._signed_of(keys, rows[0]["position"], rows[-1]["position"])
        found: list[Fault] = []
        for row in rows:
            position = row["position"]
            found += check.entry(row)
            for chain in (*signed.get(position, []), *filter(None, [self.anchors.get(position)])):
                found += check.checkpoint(chain)
        return found

    async def _signed_of(self, keys: AuditKeys, first: int, last: int) -> dict[int, list[str]]:
        """Return the chains that were signed, by position."""
        found: dict[int, list[str]] = {}
        for row in await self.connection.fetch(_BETWEEN, first, last):
            try:
                said = read(row["statement"], keys.known)
            except ValueError:
                continue  # told already
            found.setdefault(said.position, []).append(said.chain)
        return found


def _compared(said: Checkpoint, row: Any, previous: str | None) -> Iterator[Fault]:
    position, number = row["position"], row["number"]
    if (said.number, said.position) != (number, position):
        yield Fault(
            position, Wrong.CHECKPOINT, f"checkpoint {number} was number {said.number} at {said.position}", position
        )
    elif previous and said.previous != previous:
        yield Fault(position, Wrong.CHECKPOINT, f"checkpoint {number} does not follow the one before it", position)
