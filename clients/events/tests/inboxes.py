"""What every inbox promises."""

import asyncio
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from gatewright_events.events import Event, read
from gatewright_events.inbox import ENDED, Inbox, Letter
from gatewright_events.testing import Announcer

NOON = datetime(2026, 1, 2, 12, 0, 0, 250_000, UTC)


class Undone(Exception):
    pass


def events(aggregate: UUID, count: int) -> list[Event]:
    announcer = Announcer(f"https://{aggregate}")
    return [read(announcer.announce("identity.user.updated", aggregate, name=f"n{n}")) for n in range(count)]


class InboxContract(ABC):
    @pytest.fixture
    @abstractmethod
    def inbox(self) -> Any:
        """An empty one."""

    async def test_an_event_is_new_once(self, inbox: Inbox[Any]) -> None:
        async with inbox.transaction() as open_:
            assert await open_.remember("a", NOON)
            assert not await open_.remember("a", NOON)
        async with inbox.transaction() as open_:
            assert not await open_.remember("a", NOON)
            assert await open_.remember("b", NOON)

    async def test_what_raises_is_undone_as_a_whole(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        with pytest.raises(Undone):  # noqa: PT012 - what was done before is to be undone
            async with inbox.transaction() as open_:
                await open_.remember("a", NOON)
                await open_.advance(one, 3)
                await open_.move("here")
                await open_.hold(events(one, 1)[0], NOON)
                await open_.bury(Letter("a", "{}", "why", 1, NOON))
                await open_.load({other: 2})
                await open_.note("there")
                raise Undone
        async with inbox.transaction() as open_:
            assert await open_.remember("a", NOON)
            assert await open_.version(one) == 0
            assert await open_.cursor() is None
            assert await open_.waiting() == 0
            assert not await open_.letters(10)
            assert (await open_.version(other), await open_.loaded(other), await open_.noted()) == (0, 0, None)

    async def test_of_transactions_at_once_each_is_whole(self, inbox: Inbox[Any]) -> None:
        one = uuid4()

        async def step() -> None:
            async with inbox.transaction() as open_:
                version = await open_.version(one)
                await asyncio.sleep(0)
                await open_.advance(one, version + 1)

        await asyncio.gather(*(step() for _ in range(10)))
        async with inbox.transaction() as open_:
            assert await open_.version(one) == 10

    async def test_an_aggregate_advances_by_itself(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        async with inbox.transaction() as open_:
            assert await open_.version(one) == 0
            await open_.advance(one, 2)
            await open_.advance(one, 3)
        async with inbox.transaction() as open_:
            assert (await open_.version(one), await open_.version(other)) == (3, 0)

    async def test_what_is_held_is_taken_out_once_the_first_before_the_others(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        _, second, third = events(one, 3)
        async with inbox.transaction() as open_:
            for each in (third, second, events(other, 1)[0]):
                await open_.hold(each, NOON)
            assert await open_.waiting() == 3
        async with inbox.transaction() as open_:
            assert await open_.held(one, 1) is None
            assert await open_.held(one) == second
            assert await open_.held(one, 3) == third
            assert await open_.held(one) is None
            assert await open_.waiting() == 1

    async def test_tells_whose_events_have_waited_since_a_time(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        async with inbox.transaction() as open_:
            for each in events(one, 2):
                await open_.hold(each, NOON)
            await open_.hold(events(other, 1)[0], NOON + timedelta(seconds=1))
        async with inbox.transaction() as open_:
            assert await open_.overdue(NOON - timedelta(milliseconds=1)) == []
            assert await open_.overdue(NOON) == [one]
            assert {*await open_.overdue(NOON + timedelta(seconds=1))} == {one, other}

    async def test_letters_are_kept_the_oldest_first_and_taken_out_by_name(self, inbox: Inbox[Any]) -> None:
        old, new = Letter("b", "{}", "was \0 bad", 5, NOON), Letter("a", "{}", "bad", 1, NOON + timedelta(seconds=1))
        async with inbox.transaction() as open_:
            await open_.bury(Letter("b", "{}", "before", 1, NOON - timedelta(days=1)))
            for each in (new, old):
                await open_.bury(each)
        async with inbox.transaction() as open_:
            assert [each.id for each in await open_.letters(10)] == ["b", "a"]
            assert [each.id for each in await open_.letters(1)] == ["b"]
            found = await open_.unbury("b")
            assert found
            assert (found.attempts, found.at, found.reason.startswith("was")) == (5, NOON, True)
            assert await open_.unbury("b") is None
            assert await open_.letters(10) == [new]

    async def test_the_place_in_the_feed_is_kept_and_forgotten(self, inbox: Inbox[Any]) -> None:
        async with inbox.transaction() as open_:
            await open_.move("one")
            await open_.move("two")
        async with inbox.transaction() as open_:
            assert await open_.cursor() == "two"
            await open_.move(None)
            assert await open_.cursor() is None

    async def test_what_was_copied_counts_as_handled_unless_it_was_handled_further(self, inbox: Inbox[Any]) -> None:
        one, other, third = sorted(uuid4() for _ in range(3))
        async with inbox.transaction() as open_:
            await open_.advance(one, 2)
            await open_.advance(other, 5)
        async with inbox.transaction() as open_:
            assert {*await open_.load({third: 1, other: 4, one: 3})} == {other}
            assert not await open_.load({one: 3})
            assert not await open_.load({})
        async with inbox.transaction() as open_:
            assert [await open_.version(each) for each in (one, other, third)] == [3, 5, 1]
            assert [await open_.loaded(each) for each in (one, other, third)] == [3, 0, 1]
            await open_.advance(one, 4)
            assert await open_.loaded(one) == 3

    async def test_what_was_copied_need_not_wait(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        _, second, third, fourth = events(one, 4)
        async with inbox.transaction() as open_:
            for each in (second, third, fourth, events(other, 1)[0]):
                await open_.hold(each, NOON)
        async with inbox.transaction() as open_:
            await open_.load({one: 3})
            assert await open_.waiting() == 2
            assert await open_.held(one) == fourth

    async def test_tells_how_far_it_is_with_those_that_it_knows(self, inbox: Inbox[Any]) -> None:
        handled, copied, new, held, unknown = (uuid4() for _ in range(5))
        async with inbox.transaction() as open_:
            await open_.advance(handled, 2)
            await open_.load({copied: 3, new: 0})
            assert await open_.version(held) == 0
            await open_.hold(events(held, 2)[1], NOON)
        async with inbox.transaction() as open_:
            found = await open_.versions([handled, copied, new, held, unknown])
            assert found == {handled: 2, copied: 3, new: 0}
            assert await open_.versions([]) == {}
            many = await open_.versions([*(uuid4() for _ in range(40_000)), copied])
            assert many == {copied: 3}

    async def test_the_place_in_copying_is_kept_and_one_goes_on_at_a_time(self, inbox: Inbox[Any]) -> None:
        async def step() -> None:
            async with inbox.transaction() as open_:
                place = int(await open_.noted() or 0)
                await asyncio.sleep(0)
                await open_.note(str(place + 1))

        async with inbox.transaction() as open_:
            assert await open_.noted() is None
        await asyncio.gather(*(step() for _ in range(10)))
        async with inbox.transaction() as open_:
            assert await open_.noted() == "10"
            await open_.note(None)
        async with inbox.transaction() as open_:
            assert await open_.noted() is None

    async def test_what_is_begun_is_counted_once_a_second_until_it_is_finished(self, inbox: Inbox[Any]) -> None:
        second = timedelta(seconds=1)
        async with inbox.transaction() as open_:
            assert await open_.begin("a", NOON) == 0
            assert await open_.begin("a", NOON + second * 0.9) == 1
        async with inbox.transaction() as open_:
            assert await open_.begin("a", NOON + second) == 1
            assert await open_.begin("a", NOON + second * 1.9) == 2
            assert await open_.begin("b", NOON) == 0
            await open_.finish("a")
            await open_.finish("c")
        async with inbox.transaction() as open_:
            assert await open_.begin("a", NOON) == 0
            assert await open_.begin("b", NOON + second) == 1

    async def test_what_is_begun_is_counted_though_the_clock_was_set_back(self, inbox: Inbox[Any]) -> None:
        second = timedelta(seconds=1)
        async with inbox.transaction() as open_:
            assert [await open_.begin("a", NOON - second * n) for n in range(5)] == [0, 1, 2, 3, 4]
            assert [await open_.begin("a", NOON - second * n) for n in (4.9, 5)] == [5, 5]  # by another clock
            assert await open_.begin("a", NOON) == 6

    async def test_what_was_seen_long_ago_is_forgotten_unless_it_waits(self, inbox: Inbox[Any]) -> None:
        waiting = events(uuid4(), 2)[1]
        async with inbox.transaction() as open_:
            assert await open_.pruned() is None
            for id_, age in (("a", 2), ("b", 1), ("c", 0), (waiting.id, 2)):
                await open_.remember(id_, NOON - timedelta(days=age))
            assert not await open_.remember("a", NOON)
            await open_.hold(waiting, NOON)
        async with inbox.transaction() as open_:
            assert await open_.prune(NOON - timedelta(days=3), NOON) == 0
            assert await open_.prune(NOON - timedelta(days=1), NOON) == 1
            assert await open_.prune(NOON - timedelta(days=2), NOON) == 0
        async with inbox.transaction() as open_:
            assert await open_.pruned() == NOON - timedelta(days=1)
            assert [await open_.remember(each, NOON) for each in ("a", "b", "c", waiting.id)] == [True, *[False] * 3]
            await open_.forget()
            assert await open_.pruned() is None

    async def test_tells_when_the_first_and_the_last_happened_that_it_has_seen(self, inbox: Inbox[Any]) -> None:
        async with inbox.transaction() as open_:
            assert await open_.span() is None
            for id_, days in (("a", 1), ("b", 2), ("c", 0)):
                await open_.remember(id_, NOON - timedelta(days=days))
        async with inbox.transaction() as open_:
            assert await open_.span() == (NOON - timedelta(days=2), NOON)

    async def test_what_is_forgotten_beyond_what_can_be_is_forgotten_up_to_there(self, inbox: Inbox[Any]) -> None:
        day = timedelta(days=1)
        async with inbox.transaction() as open_:
            await open_.remember("a", NOON)
            await open_.prune(NOON - 90 * day, NOON + 400 * day)
            await open_.prune(NOON + 300 * day, NOON + 400 * day)
        async with inbox.transaction() as open_:
            assert await open_.pruned() == NOON + 300 * day
            assert await open_.prune(NOON - 80 * day, NOON) == 0
            assert await open_.pruned() == NOON
            await open_.prune(NOON - 70 * day, NOON + day)
            assert await open_.pruned() == NOON

    async def test_what_is_known_counts_no_more_in_a_log_that_was_restored(self, inbox: Inbox[Any]) -> None:
        one, ended, copied, new, held = (uuid4() for _ in range(5))
        waits = events(held, 2)[1]
        async with inbox.transaction() as open_:
            await open_.advance(one, 3)
            await open_.advance(ended, ENDED)
            await open_.load({copied: 2})
            for id_ in ("a", waits.id):
                await open_.remember(id_, NOON)
            await open_.hold(waits, NOON)
            await open_.bury(Letter("a", "{}", "bad", 1, NOON))
            await open_.move("here")
            assert [await open_.former(each) for each in (one, new)] == [0, 0]
        for known in (3, 1, 4):
            async with inbox.transaction() as open_:
                await open_.advance(one, known)
                await open_.renew()
        async with inbox.transaction() as open_:
            assert [await open_.version(each) for each in (one, ended, copied, new)] == [0, ENDED, 2, 0]
            assert [await open_.former(each) for each in (one, ended, copied, new)] == [4, 0, 0, 0]
            assert [await open_.remember(each, NOON) for each in ("a", waits.id)] == [False, True]
            assert (await open_.waiting(), len(await open_.letters(10)), await open_.cursor()) == (0, 1, "here")
            await open_.forget()
            assert await open_.former(one) == 0

    async def test_forgets_everything_but_the_letters(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        async with inbox.transaction() as open_:
            await open_.remember("a", NOON)
            await open_.advance(one, 3)
            await open_.hold(events(one, 1)[0], NOON)
            await open_.move("here")
            await open_.bury(Letter("a", "{}", "bad", 1, NOON))
            await open_.load({other: 2})
            await open_.note("there")
            await open_.begin("a", NOON)
            await open_.forget()
        async with inbox.transaction() as open_:
            assert await open_.remember("a", NOON)
            assert (await open_.loaded(other), await open_.noted(), await open_.versions([one, other])) == (0, None, {})
            assert (await open_.version(one), await open_.waiting(), await open_.cursor()) == (0, 0, None)
            assert (len(await open_.letters(10)), await open_.begin("a", NOON)) == (1, 0)

    async def test_of_an_aggregate_nothing_is_kept_that_is_purged(self, inbox: Inbox[Any]) -> None:
        one, other = uuid4(), uuid4()
        about, another = events(one, 2), events(other, 2)
        naming = read(Announcer().announce("organizations.member.added", other, user_id=str(one)))
        kept = [Letter(each.id, each.body, "why", 1, NOON) for each in (about[0], another[0], naming)]
        spoilt = Letter("spoilt", f'{{"aggregateid": "{one}"', "no event", 1, NOON)
        async with inbox.transaction() as open_:
            for letter in (*kept, spoilt):
                await open_.bury(letter)
            await open_.hold(about[1], NOON)
            await open_.hold(another[1], NOON)
            await open_.purge(one)
        async with inbox.transaction() as open_:
            assert {each.id for each in await open_.letters(10)} == {another[0].id, naming.id}
            assert await open_.held(one) is None
            assert await open_.held(other) == another[1]
