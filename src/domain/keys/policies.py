"""What is configured about signing keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

SLACK: Final = timedelta(minutes=1)
"""How far clocks may differ, and how long a process may go on signing with a key after it was retired."""
PATIENCE: Final = timedelta(hours=1)
"""How late a rotation may be before somebody should look."""


class Dated(Protocol):
    """What the schedule looks at in a key."""

    @property
    def algorithm(self) -> str: ...
    @property
    def published_at(self) -> datetime: ...
    @property
    def activated_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How keys come and go."""

    algorithm: str = "ES256"
    """Of new keys."""
    cached: timedelta = timedelta(minutes=5)
    """How long verifiers keep the set of keys: the `max-age` of its answers."""
    rotation: timedelta | None = timedelta(days=90)
    """How long a key signs; None for as long as nobody rotates it."""
    longest: timedelta = timedelta(minutes=15)
    """The longest life of an access token."""
    elsewhere: bool = False
    """The keys come from a file and are managed by whoever writes that."""

    @property
    def margin(self) -> timedelta:
        """What a key is published longer than verifiers keep the set: answers travel, and processes look in turns."""
        return max(self.cached / 5, timedelta(seconds=2))

    def ready_at(self, waiting: Dated) -> datetime:
        """Return when every verifier has the key, so that it may sign."""
        return waiting.published_at + self.cached + self.margin

    def retired_until(self, at: datetime) -> datetime:
        """Return when nothing is left that a key signed which was retired at `at`."""
        return at + self.longest + SLACK

    def due_at(self, active: Dated, waiting: Dated) -> datetime | None:
        """Return when the waiting key should take the place of the active one; None for not by itself."""
        ready = self.ready_at(waiting)
        if active.algorithm != self.algorithm:
            return ready
        if self.rotation is None or active.activated_at is None:
            return None
        return max(ready, active.activated_at + self.rotation)

    def wants_work(self, active: Dated | None, waiting: Dated | None, now: datetime) -> bool:
        """Return whether a key has to be made, replaced or put to use."""
        if active is None or waiting is None or waiting.algorithm != self.algorithm:
            return True
        due = self.due_at(active, waiting)
        return due is not None and due <= now

    def is_overdue(self, active: Dated, waiting: Dated, now: datetime) -> bool:
        """Return whether a rotation should have happened long ago: nobody seems to work."""
        due = self.due_at(active, waiting)
        return due is not None and due + PATIENCE < now
