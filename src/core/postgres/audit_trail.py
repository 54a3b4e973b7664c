"""Verifying the audit trail: in the database, and in files that it was archived to."""

import itertools
from asyncio import to_thread
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from core.audit.checking import Check, Fault, Wrong
from core.audit.keys import AuditKeys
from core.audit.stretches import holes
from core.postgres.audit_checkpoints import entries
from core.postgres.audit_copies import copies
from core.postgres.audit_files import read_rows
from core.postgres.audit_guard import unguarded
from core.postgres.audit_signed import Signed

_END: Final = """
SELECT h.audit_position AS position, h.audit_chain AS chain,
       (SELECT min(position) FROM audit) AS oldest,
       (SELECT array_agg(position ORDER BY position) FROM (
           SELECT position FROM audit WHERE position > h.audit_position ORDER BY position LIMIT 100) beyond) AS beyond
FROM log_head h
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
    reached: int = field(default=0, init=False)
    _signed: Signed = field(init=False)

    def __post_init__(self) -> None:
        self._signed = Signed(self.connection, self.keys)

    @property
    def checkpoints(self) -> int:
        """How many have been looked at."""
        return self._signed.count

    async def run(self) -> AsyncIterator[Fault]:
        """Yield what is wrong, by position."""
        async for fault in unguarded(self.connection):
            yield fault
        async for fault in self._signed.look():
            yield fault
        end = await self.connection.fetchrow(_END)
        there = max(end["position"], self._signed.furthest, *self.anchors)
        last = there if self.last is None else min(self.last, there)
        first = self._begin(end["oldest"], last)
        for fault in self._archived(first, last):
            yield fault
        async for fault in self._elsewhere(first, last):
            yield fault
        check = Check(self._signed.keys.every, first - 1, await self._signed.chain(first - 1))
        async for rows in entries(self.connection, first - 1, min(last, end["position"])):
            for fault in (*await self._batch(check, rows), *await copies(self.connection, rows, later=False)):
                yield fault
            self.progress(check.position - first + 1, last - first + 1)
        whole = last >= end["position"]
        for fault in check.end(last, end["chain"] if whole and last == end["position"] else None):
            yield fault
        for position in (end["beyond"] or []) if whole else []:
            yield Fault(position, Wrong.OUT_OF_PLACE, "it is beyond the end of the trail", position)
        self.entries, self.reached = check.entries, check.position

    async def file(self, lines: Iterable[str], sha256: str | None = None) -> AsyncIterator[Fault]:
        """Yield what is wrong with an archived partition, the lines of which are given.

        Its digest, if given, has to be the one that was signed.
        """
        async for fault in self._signed.look():
            yield fault
        reading = read_rows(lines)
        begin = await to_thread(next, reading, None)
        if begin is None:
            yield Fault(0, Wrong.MISSING, "the file has no entries", 0)
            return
        at = begin[0]["position"]
        signed = next((each for each in self._signed.archived if each[0] <= at <= each[1]), None)
        if signed is None:
            yield Fault(at, Wrong.CHECKPOINT, "no checkpoint says that this was archived", at)
        elif sha256 and sha256 not in self._signed.archived[signed]:
            yield Fault(signed[0], Wrong.REWRITTEN, "the file is not the one that was archived", signed[1])
        async for fault in self._within(itertools.chain([begin], reading), *(signed or (at, None))):
            yield fault

    async def leaving(self, lines: Iterable[str], first: int, last: int) -> AsyncGenerator[Fault]:
        """Yield what is missing before a partition that is about to be archived, then what is wrong with it."""
        async for _ in self._signed.look():
            pass  # told by whoever verifies
        for hole in self._holes(1, first - 1):
            yield hole
        async for fault in self._within(read_rows(lines), first, last):
            yield fault

    async def _within(self, reading: Iterator[list[Any]], first: int, last: int | None) -> AsyncIterator[Fault]:
        """Look at the entries of a file: those from `first` to `last`, or to its own end."""
        async for fault in self._elsewhere(first, last):
            yield fault
        check = Check(self._signed.keys.every, first - 1, await self._signed.chain(first - 1))
        while rows := await to_thread(next, reading, None):
            for fault in (*await self._batch(check, rows), *await copies(self.connection, rows, later=True)):
                yield fault
            self.progress(check.entries, 0)
        if last is not None:
            for fault in check.end(last, None):
                yield fault
        if last is not None and check.position > last:
            yield Fault(last + 1, Wrong.OUT_OF_PLACE, "they are beyond what was archived", check.position)
        self.entries, self.reached = check.entries, check.position

    def _begin(self, oldest: int | None, last: int) -> int:
        """Return where to begin: what is in files, and not in the database, is not missing here."""
        gone = max((end for _, end in self._signed.archived), default=0)
        there = last + 1 if oldest is None else oldest
        return self.first if self.first > gone or self.first >= there else min(gone + 1, there)

    def _archived(self, begin: int, last: int) -> Iterator[Fault]:
        """Say what should be before the entries that are looked at, and what was wrong with it by then."""
        yield from self._holes(self.first, min(begin - 1, last))
        for end, fault in self._signed.ill:
            if end < begin and self.first <= fault.position <= last:
                yield fault

    def _holes(self, first: int, last: int) -> Iterator[Fault]:
        for begin, end in holes(self._signed.archived, first, last):
            yield Fault(begin, Wrong.MISSING, "they are neither here nor archived", end)

    async def _elsewhere(self, first: int, last: int | None) -> AsyncIterator[Fault]:
        """Compare what somebody has remembered of other positions with what was signed of them."""
        for position, chain in sorted(self.anchors.items()):
            if first <= position and (last is None or position <= last):
                continue
            signed = (await self._signed.chains(position, position)).get(position, [])
            if not signed:
                detail = "nothing that was looked at says what the chain is there: look at the file that has it"
                yield Fault(position, Wrong.CHECKPOINT, detail, position)
            elif any(each != chain for each in signed):
                yield Fault(position, Wrong.REWRITTEN, f"what was remembered of {position} is something else", position)

    async def _batch(self, check: Check, rows: list[Any]) -> list[Fault]:
        signed = await self._signed.chains(rows[0]["position"], rows[-1]["position"])
        found: list[Fault] = []
        for row in rows:
            position = row["position"]
            found += check.entry(row)
            for chain in (*signed.get(position, []), *filter(None, [self.anchors.get(position)])):
                found += check.checkpoint(chain)
        return found
