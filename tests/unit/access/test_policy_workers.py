"""Processes that evaluate policy models."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
import uvloop

from core.casbin.workers import CasbinWorkers
from domain.access.policies.errors import PolicyTooSlow
from domain.access.policies.language import read_model
from domain.access.policies.rules import Rule
from domain.kernel.errors import Overloaded, Unavailable
from domain.kernel.ids import uuid7
from tests.support.policy_vectors import PLAIN, model

PLAIN_MODEL = read_model(model("r.sub == p.sub && r.obj == p.obj", policy="sub, obj, act", **PLAIN))
RULES = [Rule("p", ("ada", "data", "read"))]
YES, NO = ["ada", "data", "read"], ["bob", "data", "read"]
SLOW = read_model(model(" || ".join(["g(r.sub, p.obj)"] * 20), policy="sub, obj, act", g="_, _", **PLAIN))
SLOW_RULES = [Rule("p", (f"s{n}", f"o{n}", "read")) for n in range(500)] + [
    Rule("g", ("ada", f"role:{n}")) for n in range(500)
]


@pytest.fixture
async def workers() -> AsyncIterator[CasbinWorkers]:
    made = CasbinWorkers(slots=1, patience=30)
    yield made
    await made.close()


def processes() -> list[int]:
    """Return the children of this process that evaluate policies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"casbin/child.py" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def surroundings(process: int) -> tuple[bytes, Path]:
    """Return the environment and the folder of a process."""
    folder = Path(f"/proc/{process}")
    return (folder / "environ").read_bytes(), (folder / "cwd").resolve()


async def asked(workers: CasbinWorkers, *requests: list[str], by: UUID | None = None) -> list[bool | None]:
    return [*await workers.decide(by or uuid7(), PLAIN_MODEL, RULES, [[*each] for each in requests])]


async def test_f8_nothing_is_started_before_the_first_question(workers: CasbinWorkers) -> None:
    before = set(processes())
    assert await asked(workers, YES, NO) == [True, False]
    (started,) = set(processes()) - before

    assert surroundings(started) == (b"", Path("/"))
    await workers.close()
    assert started not in processes()


async def test_a8_answers_are_those_of_each_question_by_itself(workers: CasbinWorkers) -> None:
    together = await asked(workers, YES, NO, YES, ["ada", "date", "read"], YES, ["Ada", "data", "read"], NO)

    assert together == [True, False, True, False, True, False, False]
    other = await workers.decide(uuid7(), PLAIN_MODEL, [Rule("p", ("bob", "data", "read"))], [YES, NO])
    assert [*other] == [False, True]
    assert await asked(workers, YES, NO) == [True, False]


async def test_a8_nobody_gets_the_answer_of_a_question_that_was_given_up(workers: CasbinWorkers) -> None:
    await asked(workers, YES)
    for _ in range(5):
        given_up = asyncio.create_task(asked(workers, YES, YES, YES))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await asked(workers, NO) == [False]
        with suppress(asyncio.CancelledError):
            await given_up


async def test_a10_a_process_that_is_lost_costs_one_answer(workers: CasbinWorkers) -> None:
    before = set(processes())
    await asked(workers, YES)
    (started,) = set(processes()) - before
    os.kill(started, signal.SIGKILL)

    with pytest.raises(Unavailable):
        await asked(workers, YES)
    assert await asked(workers, YES) == [True]


async def test_one_organization_waits_for_itself_and_not_without_end(workers: CasbinWorkers) -> None:
    workers.waiting = 2
    somebody = uuid7()

    async def slow() -> None:
        await workers.decide(somebody, SLOW, SLOW_RULES, [YES] * 32)

    ended = await asyncio.gather(*(slow() for _ in range(6)), return_exceptions=True)

    assert [type(each) for each in ended].count(PolicyTooSlow) == 3
    assert [type(each) for each in ended].count(Overloaded) == 3
    assert await asked(workers, YES, by=somebody) == [True]


def test_works_on_the_loop_that_serves() -> None:
    async def run() -> list[bool | None]:
        workers = CasbinWorkers(slots=1, patience=30)
        with pytest.raises(PolicyTooSlow):
            await workers.decide(uuid7(), SLOW, SLOW_RULES, [YES] * 32)
        decided = [*await workers.decide(uuid7(), PLAIN_MODEL, RULES, [YES, NO])]
        await workers.close()
        return decided

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == [True, False]
