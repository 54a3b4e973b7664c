"""Compare a copy with what it is a copy of, and mend it."""

from collections.abc import Mapping
from typing import Final, TypeVar
from uuid import UUID

from gatewright_events.copying import Copy, keep
from gatewright_events.digests import Range, digest, digest_of
from gatewright_events.feed import FeedSubscriber
from gatewright_events.inbox import Inbox
from gatewright_events.kinds import take_all_of
from gatewright_events.snapshots import GREATEST, LEAST, page

C = TypeVar("C")
NONE: Final = -1
"""The version of what should not be there, for the inbox knows nothing of it."""


async def differences(
    feed: FeedSubscriber[C], copy: Copy[C], *, first: UUID = LEAST, last: UUID = GREATEST, parts: int = 16
) -> list[Range]:
    """Return the ranges of ids, of up to `parts`, in which there are other things, or other versions of them.

    The feed is followed up to where the digest holds; nothing else is handled meanwhile in this process, and nothing
    must be in others. Versions are compared: what was buried counts as handled, see the letters. Raise `ValueError` for
    a consumer that does not take all events of the kind, `Refused`, `NoAnswer`, or what the store raises.
    """
    if not take_all_of(copy.kind, feed.consumer.patterns):
        raise ValueError(f"the patterns leave out events of things of kind {copy.kind!r}, and with them versions")
    await feed.copy()
    async with feed.consumer.alone() as take:
        found = await digest(feed.gatewright, copy.kind, first, last, parts)
        await feed.reach(found.cursor, take)
        return [
            each for each in found.ranges if await _held(feed.consumer.inbox, copy, each) != (each.count, each.digest)
        ]


async def reload(feed: FeedSubscriber[C], copy: Copy[C], *, first: UUID = LEAST, last: UUID = GREATEST) -> int:
    """Copy a range of ids anew; return how many things. What is not there any more is dropped.

    It is how a kind is copied that a consumer which is not new begins to keep. Raise `Refused`, `NoAnswer`, or what the
    store raises: what was copied until then stays.
    """
    await feed.copy()
    async with feed.consumer.alone():
        inbox, loaded, place = feed.consumer.inbox, 0, first
        _, before = await _known(inbox, copy, first, last)
        while True:
            found = (await page(feed.gatewright, copy.kind, place, feed.part)).until(last)
            async with inbox.transaction() as open_:
                loaded += await keep(open_, copy, place, found, before, last)
            if found.next is None:
                return loaded
            place = UUID(int=found.next.int + 1)


async def _held(inbox: Inbox[C], copy: Copy[C], asked: Range) -> tuple[int, str]:
    """Return how many there are in a range, and their digest."""
    ids, known = await _known(inbox, copy, asked.first, asked.last)
    counted = [(each, version) for each in ids if (version := known.get(each, NONE))]
    return len(counted), digest_of(counted)


async def _known(inbox: Inbox[C], copy: Copy[C], first: UUID, last: UUID) -> tuple[list[UUID], Mapping[UUID, int]]:
    async with inbox.transaction() as open_:
        ids = [*await copy.ids(first, last, open_.connection)]
        return ids, await open_.versions(ids)
