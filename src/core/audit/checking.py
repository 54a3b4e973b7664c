"""Find what is wrong with the audit trail: pure, entry by entry, in constant memory."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from core.audit.keys import AuditKey
from core.audit.leaves import authentic, leaf, link

_REMEMBERED: Final = 16
"""Chains that an entry may follow after something was found wrong."""
_LATEST: Final = 86_400_000
"""Milliseconds that an entry may have been made before one that is before it: commands end late, and clocks differ."""
_RANDOM: Final = 80
"""Bits of a UUIDv7 that follow the moment at which it was made."""


class Wrong(StrEnum):
    """What can be wrong."""

    ALTERED = "altered"
    """A field of the entry, or what authenticates it."""
    MISSING = "missing"
    """Entries that were there are not any more."""
    OUT_OF_PLACE = "out of place"
    """The entry does not follow the one before it: one of them was inserted, moved or taken out."""
    REWRITTEN = "rewritten"
    """The entries agree with each other, and not with a checkpoint."""
    CHECKPOINT = "checkpoint"
    """A checkpoint was altered, or is missing."""
    GUARD = "guard"
    """What writes the trail in the database, or keeps it from being changed. It is at no position: 0."""
    HEAD = "head"
    """What the database says of the end of the trail."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong, at the positions from `position` to `last`."""

    position: int
    wrong: Wrong
    detail: str
    last: int


@dataclass(slots=True)
class Check:
    """Told the entries in the order of their positions, it says what is wrong with each."""

    keys: Sequence[AuditKey]
    position: int
    """Of the entry before the first one."""
    chain: bytes | None
    """The chain there; None if nobody knows: the first entry is believed then."""
    entries: int = 0
    _candidates: deque[bytes] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), init=False)
    _agreed: int = field(init=False)
    """The last position up to which a checkpoint, or the start, has been agreed with."""
    _faulty: int = field(default=-1, init=False)
    """The last position at which something was found wrong."""
    _latest: int = field(default=0, init=False)
    """When the latest of the entries before was made, in milliseconds."""

    def __post_init__(self) -> None:
        self._agreed = self.position

    def entry(self, row: Mapping[str, Any]) -> Iterator[Fault]:
        """Look at the next entry: a row of `audit`."""
        self.entries += 1
        position, stored = row["position"], row["chain"]
        gap = position != self.position + 1
        if gap:
            yield self._fault(self.position + 1, Wrong.MISSING, "no such entries", position - 1)
        true = authentic((key.leaf for key in self.keys if position <= key.last_entry), row)
        if true is None:
            yield self._fault(position, Wrong.ALTERED, "its fields are not those that were authenticated")
        elif self._is_late(row["id"]):
            yield self._fault(position, Wrong.OUT_OF_PLACE, "it is days older than those before it: it may be a copy")
        expected = self._expected(row)
        if expected is None and self.chain is not None and not gap and true is not None:
            yield self._fault(position, Wrong.OUT_OF_PLACE, "it does not follow the entry before it")
        if expected is None:
            # It may be that only the chain was altered here, so both ways of going on are tried with the next entry.
            if self.chain is not None:
                self._candidates.append(link(self.chain, row["leaf"]))
            self._candidates.append(stored)
        else:
            self._candidates.clear()
        self.position, self.chain = position, stored

    def checkpoint(self, chain: str) -> Iterator[Fault]:
        """Compare with what a checkpoint, or anyone else, has remembered of the last entry: the chain there, in hex."""
        agrees = self.chain is None or compare_digest(chain, self.chain.hex())
        if not agrees and self._faulty != self.position:
            detail = f"what was remembered of {self.position} is something else"
            yield self._fault(self._agreed + 1, Wrong.REWRITTEN, detail, self.position)
        self._agreed = self.position

    def end(self, position: int, chain: bytes | None) -> Iterator[Fault]:
        """Compare with the end of what should be there: its position, and its chain if that is known."""
        if self.position < position:
            yield self._fault(self.position + 1, Wrong.MISSING, "no such entries", position)
        elif chain and self.chain and self._faulty != position and not compare_digest(chain, self.chain):
            yield self._fault(position, Wrong.HEAD, "the end of the trail is not what the database says it is")

    def _is_late(self, entry_id: UUID) -> bool:
        """Return whether an entry was made long before those before it; what comes next is compared with it then."""
        made = entry_id.int >> _RANDOM
        late = self._latest - made > _LATEST
        self._latest = made if late else max(self._latest, made)
        return late

    def _expected(self, row: Mapping[str, Any]) -> bytes | None:
        """Return the chain at an entry that follows the one before it, None if it does not."""
        before = [] if self.chain is None else [self.chain]
        for chain in (*before, *reversed(self._candidates)):
            if compare_digest(link(chain, row["leaf"]), row["chain"]):
                return chain
        # It may be that only what authenticates it was altered: with what its fields ask for, it follows.
        with suppress(ValueError):
            for chain in before:
                for key in self.keys:
                    if compare_digest(link(chain, leaf(key.leaf, row)), row["chain"]):
                        return chain
        return None

    def _fault(self, position: int, wrong: Wrong, detail: str, last: int | None = None) -> Fault:
        self._faulty = position if last is None else last
        return Fault(position, wrong, detail, self._faulty)
