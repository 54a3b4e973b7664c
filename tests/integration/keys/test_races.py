"""Several processes that change the ring at once."""

import asyncio
from collections import Counter
from datetime import timedelta

import asyncpg
import pytest

from domain.kernel.errors import ConcurrentChange
from domain.keys.commands.remove_key import RemoveKey
from domain.keys.commands.rotate_keys import RotateKeys
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.errors import KeyNotReady
from domain.keys.models import KeyState
from tests.integration.keys.ground import PASS, Process
from tests.support.service import LONG

ROUNDS = 40 if LONG else 6
STARTED = {"active": 1, "next": 1}
READY = timedelta(minutes=6)
FACTS = "SELECT type, count(*) FROM outbox WHERE aggregate_type = 'key' GROUP BY 1"


async def facts(process: Process) -> Counter[str]:
    async with process.database.read() as connection:
        return Counter({name.rpartition(".")[2]: count for name, count in await connection.fetch(FACTS)})


async def test_processes_that_start_at_once_make_one_ring(processes: list[Process]) -> None:
    await asyncio.gather(*(each.send(TendKeys()) for each in processes * 4))
    assert await processes[0].states() == STARTED
    assert await facts(processes[0]) == {"published": 2, "activated": 1}


async def test_workers_that_find_a_rotation_due_do_it_once(processes: list[Process]) -> None:
    one = processes[0]
    await one.send(TendKeys())
    for number in range(1, ROUNDS + 1):
        await one.sql(PASS, timedelta(days=90))
        await asyncio.gather(*(each.send(TendKeys()) for each in processes * 3))
        async with one.database.read() as connection:
            await connection.execute("DELETE FROM signing_keys WHERE expires_at < now()")
        assert await one.states() == STARTED | {"retired": 1}
        assert (await facts(one))["activated"] == number + 1


async def test_of_rotations_at_once_one_is_done(processes: list[Process]) -> None:
    one = processes[0]
    await one.send(TendKeys())
    for _ in range(ROUNDS):
        await one.sql(PASS, READY)
        ended = await asyncio.gather(*(each.send(RotateKeys()) for each in processes * 3), return_exceptions=True)
        refused = [each for each in ended if isinstance(each, BaseException)]
        assert {type(each) for each in refused} == {KeyNotReady}
        assert len(ended) - len(refused) == 1
        states = await one.states()
        assert (states["active"], states["next"]) == (1, 1)


async def test_rotation_removal_and_tending_at_once_leave_a_whole_ring(processes: list[Process]) -> None:
    one = processes[0]
    await one.send(TendKeys())
    for _ in range(ROUNDS):
        await one.sql(PASS, READY)
        _, rows = await one.ring.look()
        stolen = next(row.kid for row in rows if row.state is KeyState.ACTIVE)
        works = [RotateKeys(), RemoveKey(kid=stolen), TendKeys(), RemoveKey(kid=stolen), RotateKeys(), TendKeys()]
        ended = await asyncio.gather(
            *(each.send(work) for each, work in zip(processes * 2, works, strict=False)), return_exceptions=True
        )
        assert {type(each) for each in ended if isinstance(each, BaseException)} <= {KeyNotReady}
        states = await one.states()
        assert (states["active"], states["next"]) == (1, 1)
        _, rows = await one.ring.look()
        assert stolen not in {row.kid for row in rows}


@pytest.mark.parametrize("state", ["active", "next"])
async def test_the_database_itself_allows_one_key_that_signs_and_one_that_waits(one: Process, state: str) -> None:
    await one.send(TendKeys())
    with pytest.raises(asyncpg.UniqueViolationError):
        await one.sql(
            "INSERT INTO signing_keys VALUES (gen_random_uuid(), 'x', 'ES256', '', $1, now(), NULL, NULL, NULL, NULL, 1)",
            state,
        )


async def test_who_changes_what_another_changed_by_hand_is_told(processes: list[Process]) -> None:
    one, other = processes[:2]
    await one.send(TendKeys())

    async def rotated() -> None:
        async with one.command() as keys:
            ring = await keys.hold()
            assert ring.next
            await other.sql("UPDATE signing_keys SET version = version + 1 WHERE state = 'next'")
            ring.next.version += 1
            await keys.keep(ring.next)

    with pytest.raises(ConcurrentChange):
        await rotated()
