"""What a consumer remembers: which events it has seen, and how far it is with each aggregate."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Protocol, Self, TypeVar
from uuid import UUID

from gatewright_events.events import Event

ENDED: Final = 1 << 31
"""As which version somebody who was erased counts: whatever comes after all is outdated."""
SHOWN: Final = 1 << 16
"""How much of what is no event a letter keeps."""
C_co = TypeVar("C_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """What could not be handled, kept for people to look at."""

    id: str
    """The event's, or a name made for what is no event."""
    body: str
    """What arrived; of what is too long only the beginning."""
    reason: str
    attempts: int
    at: datetime

    @classmethod
    def of_no_event(cls, body: bytes | str | Mapping[str, Any], reason: str, at: datetime) -> Self:
        """Return one about what is no event."""
        raw = body if isinstance(body, bytes) else str(body).encode()
        return cls(sha256(raw).hexdigest(), raw[:SHOWN].decode(errors="replace"), reason, 1, at)


class Transaction(Protocol[C_co]):
    """One transaction of the store: all of it is kept, or none."""

    @property
    def connection(self) -> C_co:
        """What handlers write with, so that their work is kept with the inbox's."""

    async def remember(self, event_id: str, at: datetime) -> bool:
        """Note that an event was seen, which happened at a time; return whether it was new."""

    async def span(self) -> tuple[datetime, datetime] | None:
        """Return when the first and the last happened of what was seen, None if nothing was."""

    async def prune(self, before: datetime, latest: datetime) -> int:
        """Forget what happened before a time and does not wait; return how many.

        The latest such time is noted. One that was noted before and lies beyond `latest` is lowered to that.
        """

    async def pruned(self) -> datetime | None:
        """Return before which time what happened is forgotten, None if nothing is."""

    async def version(self, aggregate_id: UUID) -> int:
        """Return how far an aggregate was handled, 0 if not at all; nobody else handles it until the end."""

    async def advance(self, aggregate_id: UUID, version: int) -> None:
        """Note how far an aggregate was handled."""

    async def hold(self, event: Event, at: datetime) -> None:
        """Keep an event that is early."""

    async def held(self, aggregate_id: UUID, version: int | None = None) -> Event | None:
        """Take out the event of an aggregate that is held with `version`, or the first of them, or None."""

    async def waiting(self) -> int:
        """Return how many events are held."""

    async def overdue(self, since: datetime) -> Sequence[UUID]:
        """Return the aggregates of which an event has been held since then, or longer."""

    async def bury(self, letter: Letter) -> None:
        """Keep what could not be handled; of two with one id the later."""

    async def letters(self, limit: int) -> Sequence[Letter]:
        """Return what could not be handled, the oldest first."""

    async def unbury(self, letter_id: str) -> Letter | None:
        """Take out a letter; None if there is none."""

    async def purge(self, aggregate_id: UUID) -> None:
        """Drop what waits of an aggregate, and the letters about it; so, too, what is no event and has its id."""

    async def cursor(self) -> str | None:
        """Return how far the feed was read."""

    async def move(self, cursor: str | None) -> None:
        """Note how far the feed was read."""

    async def load(self, versions: Mapping[UUID, int]) -> Collection[UUID]:
        """Note as which versions aggregates were copied, and drop what waits of them up to there.

        Those that were handled further are left as they are, and returned.
        """

    async def loaded(self, aggregate_id: UUID) -> int:
        """Return as which version an aggregate was copied, 0 if it was not."""

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how far aggregates were handled, or as which version they were copied; unknown ones are left out."""

    async def noted(self) -> str | None:
        """Return how far copying is, None if it is not under way; nobody else goes on with it until the end."""

    async def note(self, place: str | None) -> None:
        """Note how far copying is."""

    async def begin(self, name: str, at: datetime) -> int:
        """Note that something is begun that may end the process; return how often it was before.

        What is begun within a second of when it was counted is not counted again: processes that share the inbox may
        begin the same at once. So it is before and after that, for a clock may be set back.
        """

    async def finish(self, name: str) -> None:
        """Forget how often something was begun."""

    async def renew(self) -> None:
        """Begin with the versions of another log: how far an aggregate was handled is told by `former` from then on.

        Its version is 0, but for those that were copied and those that ended. What waits is dropped, and was not seen.
        Whoever has asked for a `version` waits for this, or this for them.
        """

    async def former(self, aggregate_id: UUID) -> int:
        """Return how far an aggregate was handled in the logs of before, at most, 0 if it was not at all."""

    async def forget(self) -> None:
        """Forget every event, aggregate, copy and cursor, and what was begun; letters stay."""


class Inbox(Protocol[C_co]):
    """The store of one consumer."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction[C_co]]:
        """Begin a transaction, which an exception undoes."""
