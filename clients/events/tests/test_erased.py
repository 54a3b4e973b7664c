"""Of whoever was erased nothing stays in the inbox."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gatewright_events.consumer import Consumer
from gatewright_events.events import Event
from gatewright_events.outcomes import Order, Outcome
from gatewright_events.sqlite import SqliteInbox
from gatewright_events.testing import Announcer, MemoryInbox

ADA, BOB = UUID(int=1), UUID(int=2)
MAIL = "ada@example.org"
README = Path(__file__).parents[1] / "README.md"


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


async def test_what_comes_late_of_somebody_who_was_erased_is_not_kept() -> None:
    """Another process was stuck with it, and there is no feed."""
    announcer, now = Announcer(), datetime(2026, 1, 2, tzinfo=UTC)

    async def handle(*_: Any) -> None: ...

    consumer = Consumer(MemoryInbox(), handle, now=lambda: now)
    made, changed = (announcer.announce(f"identity.user.{what}", ADA, email=MAIL) for what in ("created", "updated"))
    erased = announcer.announce("identity.user.erased", ADA)
    assert await consumer.take(erased) is Outcome.HELD
    now += consumer.patience
    assert await consumer.release() == 1

    assert [await consumer.take(each) for each in (made, changed, erased)] == [
        Outcome.OUTDATED,
        Outcome.OUTDATED,
        Outcome.REPEATED,
    ]
    assert not await consumer.letters()


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("in_order", [True, False], ids=["feed", "queue"])
@pytest.mark.parametrize("before", ["erased", "handled further", "copied further"])
async def test_an_erasure_that_is_announced_anew_after_a_restore_is_handled(
    before: str, order: Order, *, in_order: bool
) -> None:
    """So that it is acknowledged anew. The log that was restored gives lower versions a second time."""
    handled: list[tuple[str, int]] = []

    async def handle(event: Event, _: Any) -> None:
        handled.append((event.type, event.aggregate_version))

    consumer = Consumer(MemoryInbox(), handle, order=order)
    log, restored = Announcer(), Announcer("https://restored.example.com/auth")
    for _ in range(4):
        await consumer.take(log.announce("identity.user.updated", ADA, email=MAIL))
    if before == "erased":
        await consumer.take(log.announce("identity.user.erased", ADA))
    elif before == "copied further":
        async with consumer.inbox.transaction() as open_:
            await open_.load({ADA: 5})
    handled.clear()
    restored.announce("identity.user.created", ADA)
    erased = restored.announce("identity.user.erased", ADA)

    outcomes = [await consumer.take(erased, in_order=in_order) for _ in range(2)]
    assert (outcomes, handled) == ([Outcome.HANDLED, Outcome.REPEATED], [("identity.user.erased", 2)])
    late = restored.announce("identity.user.updated", ADA, email=MAIL)
    assert await consumer.take(late, in_order=in_order) in {Outcome.OUTDATED, Outcome.REPEATED}
    assert (handled[1:], await consumer.letters()) == ([], [])


async def test_the_first_example_forgets_whoever_was_erased(tmp_path: Path) -> None:
    shown: dict[str, Any] = {}
    found = re.search(r"^async def handle.*?(?=\n\n\n)", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    exec(found[0], shown)
    inbox = SqliteInbox.open(str(tmp_path / "people.sqlite3"))
    inbox.database.execute("CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT)")
    consumer, announcer = Consumer(inbox, shown["handle"]), Announcer()
    unread = announcer.announce("identity.user.created", BOB, email=None)
    for event in (
        announcer.announce("identity.user.created", ADA, email=MAIL),
        announcer.announce("identity.user.updated", ADA, email=f"new-{MAIL}"),
        {**unread, "erased": True},
    ):
        assert await consumer.take(event) is Outcome.HANDLED
    rows = "SELECT * FROM people"
    assert inbox.database.execute(rows).fetchall() == [(str(ADA), f"new-{MAIL}")]
    assert await consumer.take(announcer.announce("identity.user.erased", ADA)) is Outcome.HANDLED
    assert inbox.database.execute(rows).fetchall() == []
    inbox.database.close()
