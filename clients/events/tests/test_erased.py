"""Of whoever was erased nothing stays in the inbox."""

from typing import Any
from uuid import UUID

from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.outcomes import Outcome
from gatewright_events.testing import Announcer, MemoryInbox

ADA, BOB = UUID(int=1), UUID(int=2)


async def test_letters_about_somebody_are_dropped_once_their_erasure_was_handled() -> None:
    announcer, refused = Announcer(), {"identity.user.created"}

    async def handle(event: Event, _: Any) -> None:
        if event.type in refused:
            raise ValueError(event.data)

    async def at_once(_: float) -> None:
        pass

    consumer = Consumer(MemoryInbox(), handle, pause=at_once)
    for each in (ADA, BOB):
        made = announcer.announce("identity.user.created", each, email=f"{each}@example.org")
        assert await consumer.take(made) is Outcome.BURIED
    erased = announcer.announce("identity.user.erased", ADA)

    refused.add(erased["type"])
    assert await consumer.take(erased) is Outcome.BURIED
    assert len(await consumer.letters()) == 3
    refused.clear()
    assert await consumer.revive(erased["id"])

    (left,) = await consumer.letters()
    assert str(BOB) in left.body
    assert str(ADA) not in left.body
