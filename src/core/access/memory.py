"""Parts in memory, all right as of one snapshot; what changes is forgotten, and what comes late is not remembered."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from core.access.remembered import Remembered
from core.access.snapshots import Snapshot
from core.access.source import Look
from domain.access.engine.parts import Key, Part, TeamPart, UserPart

KEPT: Final = 24 * 3600.0
"""Seconds for which changes can be relied on to be still recorded; a store may keep them for longer."""


@dataclass(slots=True)
class Memory:
    """What is known under keys, moved on by every look at the database."""

    size: int
    """Parts and grants in each of two generations, and as many keys of which nothing is there."""
    now: Any
    emptied: Callable[[], None] = lambda: None
    """Told when nothing that was made of parts means anything any more."""
    snapshot: Snapshot | None = field(default=None, init=False)
    """What everything here is right as of."""
    looked: float = field(default=float("-inf"), init=False)
    """When the look that made `snapshot` began."""
    generation: int = field(default=0, init=False)
    """Counts what was forgotten: whatever was made of parts since lacks nothing."""
    _parts: Remembered[Key, Part] = field(init=False)
    _absent: Remembered[Key, bool] = field(init=False)
    """What was looked for and is not there."""
    _loading: "list[Loading]" = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._parts = Remembered(self.size, self._forgot, weight)
        self._absent = Remembered(self.size)

    def __len__(self) -> int:
        """Return how many parts are remembered."""
        return len(self._parts)

    def take(self, key: Key, used: dict[Key, Part | None]) -> Part | None:
        """Return what is known under `key`, and put it into `used`: None if there is nothing, which is known too."""
        part = self._parts.get(key)
        if part is not None or self._absent.get(key):
            used[key] = part
        return part

    def holds(self, parts: Mapping[Key, Part | None]) -> bool:
        """Return whether all of these are what is known."""
        return all(self._parts.get(key) is part for key, part in parts.items())

    def loading(self) -> "Loading":
        """Watch what is forgotten while something is loaded, in a block."""
        began = self.now()
        return Loading(self._loading, began, self.snapshot if began - self.looked < KEPT else None)

    def learn(self, seen: Look, loading: "Loading") -> None:
        """Take in a look, when its loading is over."""
        if self._advance(seen, loading):
            self._keep(seen.parts, frozenset())
        elif not loading.everything:
            self._keep(seen.parts, loading.changed)

    def _advance(self, look: Look, loading: "Loading") -> bool:
        """Move what is known on to the snapshot of `look`; return False if that is the older one."""
        known, seen, since = self.snapshot, look.snapshot, loading.since
        same = known is not None and seen.continues(known)
        # Less than was known when it was asked: the store has lost transactions, whose numbers will be others' now.
        lost = since is not None and seen.continues(since) and not seen.is_at_least(since)
        if known is not None and same and not lost and not seen.is_at_least(known):
            return False
        if known is None or not same or lost or look.changes is None:
            self._forget_everything()
        else:
            for change in look.changes:
                if not known.sees(change.transaction):
                    self._forget(change.key)
        self.snapshot, self.looked = seen, max(loading.began, self.looked)
        return True

    def _keep(self, parts: Mapping[Key, Part | None], stale: Collection[Key]) -> None:
        for key, part in parts.items():
            if key in stale:
                continue
            if part is None:
                self._absent.put(key, value=True)
            elif self._parts.get(key) is None:
                self._parts.put(key, part)

    def _forget(self, key: Key) -> None:
        for loading in self._loading:
            loading.changed.add(key)
        self._absent.forget(key)
        if self._parts.forget(key):
            self._forgot()

    def _forget_everything(self) -> None:
        for loading in self._loading:
            loading.everything = True
        self._parts.clear()
        self._absent.clear()
        self.emptied()
        self._forgot()

    def _forgot(self) -> None:
        self.generation += 1


def weight(part: Part) -> int:
    """Return how much of the memory's room a part takes: its grants take as much as other parts do."""
    return 1 + len(part.grants) if isinstance(part, UserPart | TeamPart) else 1


@dataclass(slots=True, eq=False)
class Loading:
    """What was forgotten while something was loaded: of an older snapshot it must not be remembered.

    Two that hold the same are two all the same: one is taken off the list when it ends, and that must be itself.
    """

    under_way: "list[Loading]"
    began: float
    since: Snapshot | None
    """The snapshot that changes are to be told since; None for all that may have changed."""
    changed: set[Key] = field(default_factory=set)
    everything: bool = False

    def __enter__(self) -> Self:
        self.under_way.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.under_way.remove(self)
