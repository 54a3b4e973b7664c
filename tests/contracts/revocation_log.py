"""What every `RevocationLog` promises."""

import asyncio
from abc import ABC, abstractmethod

from domain.sessions.ports import Heard, RevocationLog
from domain.sessions.schemas import Revocation


class Bench(ABC):
    """A log, and what happens to it."""

    log: RevocationLog

    @abstractmethod
    async def revoke(self, session: str) -> Revocation:
        """Commit a fact that revokes a session; it has no position yet, and nobody learns of it."""

    @abstractmethod
    async def remark(self) -> None:
        """Commit a fact that revokes nothing."""

    @abstractmethod
    async def number(self) -> None:
        """Give every fact its position."""

    @abstractmethod
    def learn(self) -> None:
        """Have this process learn of a revocation."""


class RevocationLogContract:
    async def test_tells_what_is_live_wherever_it_stands(self, bench: Bench) -> None:
        one = await bench.revoke("1")
        await bench.number()
        other = await bench.revoke("2")
        await bench.remark()

        found = await bench.log.live()

        assert sorted(each.id for each in found.numbered) == [one.id, other.id]
        assert not found.pending
        assert found.position == 1

    async def test_has_nothing_more_to_say_after_what_is_live(self, bench: Bench) -> None:
        await bench.revoke("1")
        live = await bench.log.live()
        then = await bench.log.since(live.position)
        assert (then.numbered, then.pending_word) == ([], live.pending_word)

    async def test_what_is_pending_has_the_same_word_until_it_changes(self, bench: Bench) -> None:
        assert (await bench.log.since(0)).pending_word == "0"
        one = await bench.revoke("1")
        found = [await bench.log.since(0) for _ in range(2)]
        await bench.remark()
        found.append(await bench.log.since(0))
        assert {each.pending_word for each in found} == {found[0].pending_word} != {"0"}
        assert [each.pending for each in found] == [[one]] * 3

        await bench.revoke("2")
        assert (await bench.log.since(0)).pending_word != found[0].pending_word

    async def test_tells_once_more_what_has_been_numbered(self, bench: Bench) -> None:
        one = await bench.revoke("1")
        await bench.remark()
        await bench.number()
        other = await bench.revoke("2")
        assert _said(await bench.log.since(0)) == ([one], [other], 2)
        assert _said(await bench.log.since(2)) == ([], [other], 2)
        await bench.number()
        assert _said(await bench.log.since(2)) == ([other], [], 3)
        assert _said(await bench.log.since(3)) == ([], [], 3)

    async def test_whoever_waits_is_woken_by_what_this_process_learns(self, bench: Bench) -> None:
        found = await bench.log.since(0)
        waiting = [asyncio.create_task(bench.log.learned(found.learned, 90)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        bench.learn()
        async with asyncio.timeout(60):
            await asyncio.gather(*waiting)

    async def test_misses_nothing_between_reading_and_waiting(self, bench: Bench) -> None:
        found = await bench.log.since(0)
        bench.learn()
        async with asyncio.timeout(60):
            await bench.log.learned(found.learned, 90)

    async def test_waits_as_long_as_it_was_told_and_no_longer(self, bench: Bench) -> None:
        clock = asyncio.get_running_loop().time
        found, began = await bench.log.since(0), clock()
        async with asyncio.timeout(60):
            await bench.log.learned(found.learned, 0.2)
        assert clock() - began >= 0.19

    async def test_many_who_ask_at_once_are_answered_alike(self, bench: Bench) -> None:
        await asyncio.gather(*(bench.log.since(0) for _ in range(20)))
        one = await bench.revoke("1")
        found = await asyncio.gather(*(bench.log.since(0) for _ in range(20)))
        assert [each.pending for each in found] == [[one]] * 20


def _said(found: Heard) -> tuple[list[Revocation], list[Revocation], int]:
    return list(found.numbered), list(found.pending), found.position
