"""Begin with what there is: the present state of everything of a kind, then the feed from where that holds."""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Final, Generic, Self, TypeVar
from uuid import UUID

from gatewright_events.asking import Gatewright
from gatewright_events.events import Malformed, read
from gatewright_events.inbox import Inbox, Transaction
from gatewright_events.kinds import KINDS
from gatewright_events.snapshots import GREATEST, LEAST, Page, State, page

C = TypeVar("C")
ALL: Final = 2**31 - 1
NOTHING: Final[Mapping[UUID, int]] = {}
log = logging.getLogger("gatewright_events")


@dataclass(frozen=True, slots=True)
class Copy(Generic[C]):
    """How a consumer keeps things of one kind. All of this runs in transactions of the inbox, and must not commit."""

    kind: str
    """One of `gatewright_events.kinds`."""
    load: Callable[[State, C], Awaitable[None]]
    """Writes a thing as it is now, over what is there of it."""
    ids: Callable[[UUID, UUID, C], Awaitable[Iterable[UUID]]]
    """Names the things that are there, from one id to another, both included; none that has expired."""
    drop: Callable[[UUID, C], Awaitable[None]]
    """Removes a thing."""

    def __post_init__(self) -> None:
        """Refuse a kind that cannot be copied."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of things that can be copied: {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class _Place:
    """How far copying is, as the inbox notes it."""

    kind: str
    after: str | None = None
    cursor: str | None = None
    """Where the first part holds, and the feed is to be followed from."""

    @property
    def first(self) -> UUID:
        return UUID(int=UUID(self.after).int + 1) if self.after else LEAST

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(**json.loads(text))


@dataclass(slots=True)
class Copier(Generic[C]):
    """Load everything into an inbox that has no place in the feed yet; any number of processes may do so together."""

    gatewright: Gatewright
    inbox: Inbox[C]
    copies: Sequence[Copy[C]]
    limit: int

    async def run(self) -> int:
        """Load what is not loaded yet, part by part; return how many things.

        Each part is kept in one transaction with the place that it leads to: whoever was stopped goes on there. Raise
        `Refused`, `NoAnswer`, or what the store raises.
        """
        loaded = 0
        while place := await self._place():
            copy = next(each for each in self.copies if each.kind == place.kind)
            found = await page(self.gatewright, copy.kind, place.first, self.limit)
            loaded += await self._keep(place, copy, found)
        return loaded

    async def _place(self) -> _Place | None:
        """Return how far it is, None at the end; begin if that is to be done."""
        async with self.inbox.transaction() as open_:
            noted = await open_.noted()
            if await open_.cursor() is not None:
                return None
            place = _Place.of(noted) if noted else None
            if place and place.kind in {each.kind for each in self.copies}:
                return place
            # What is known without a place to go on at may have ended since, unheard.
            await open_.forget()
            place = _Place(self.copies[0].kind)
            await open_.note(place.text)
            return place

    async def _keep(self, place: _Place, copy: Copy[C], found: Page) -> int:
        async with self.inbox.transaction() as open_:
            if await open_.noted() != place.text:
                return 0  # another process was faster
            loaded = await keep(open_, copy, place.first, found, NOTHING)
            cursor = place.cursor or found.cursor
            if found.next:
                await open_.note(replace(place, after=str(found.next), cursor=cursor).text)
                return loaded
            await _drop_letters(open_, place.kind)
            if left := self._kinds_after(place.kind):
                await open_.note(_Place(left[0], cursor=cursor).text)
            else:
                await open_.note(None)
                await open_.move(cursor)
                log.info("copied all there is; follows the feed from %s", cursor)
            return loaded

    def _kinds_after(self, kind: str) -> list[str]:
        kinds = [each.kind for each in self.copies]
        return kinds[kinds.index(kind) + 1 :]


async def _drop_letters(open_: Transaction[C], kind: str) -> None:
    """Drop the letters about things of a kind that was copied, unless the inbox knows them.

    What is not there any more ended unheard: nothing comes that would drop what they say of somebody who was erased.
    """
    about: dict[str, UUID] = {}
    for letter in await open_.letters(ALL):
        with suppress(Malformed):
            event = read(letter.body)
            if event.aggregate_type == kind:
                about[letter.id] = event.aggregate_id
    known = await open_.versions(set(about.values()))
    for letter_id, id_ in about.items():
        if id_ not in known:
            await open_.unbury(letter_id)


async def keep(
    open_: Transaction[C], copy: Copy[C], first: UUID, found: Page, before: Mapping[UUID, int], last: UUID = GREATEST
) -> int:
    """Load a part that begins at `first`, and drop what is there and not in it; return how many things were loaded.

    What was handled further than the part says is left as it is, and so is what was handled since the inbox knew the
    versions `before`, which the part cannot know of.
    """
    there = {each.id for each in found.states}
    end = min(found.next or last, last)
    gone = [each for each in await copy.ids(first, end, open_.connection) if each not in there]
    ahead = await open_.load({each.id: each.version for each in found.states})
    for state in found.states:
        if state.id not in ahead:
            await copy.load(state, open_.connection)
    known = await open_.versions(gone)
    for each in gone:
        if known.get(each) == before.get(each):
            await copy.drop(each, open_.connection)
    return len(there) - len(ahead)
