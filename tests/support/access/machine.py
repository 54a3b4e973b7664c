"""The whole engine in memory beside the oracle, through random changes and overlapping questions."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from core.access.engine import NOW, AccessEngine, Fresh
from domain.access.engine import deciding
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Question, Thing
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from tests.support.access import oracle
from tests.support.access.changing import (
    ASKED,
    BEGINNING,
    CHANGES,
    CONTEXTS,
    ORGANIZATIONS,
    RESOURCES,
    SUBJECTS,
    USERS,
    build,
    planned,
    turn,
)
from tests.support.access.oracle import Asked
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import Planned, Somebody, World

T = TypeVar("T")
ROOMS: Final = (12, 20, 50)
"""What an engine with very little room may remember."""
SEEDS: Final = st.integers(0, 2**32 - 1)
SPINS: Final = 60
OVERTAKEN_AT: Final = 3
"""How often what is asked has to be let go until it holds the parts of a snapshot: two steps of a look, one of a load."""
compared: Final = Counter[str]()
"""How many decisions were compared, by what was expected."""

Case = tuple[UUID, UUID, str, Asked, int]


@dataclass(slots=True)
class Open:
    """A question that is being answered while the world changes."""

    case: Case
    since: int
    """The first world that may have been seen."""
    at: datetime
    task: "asyncio.Task[str]"


async def answers(
    engine: AccessEngine,
    user: UUID,
    organization: UUID,
    asked: list[Asked],
    cases: list[tuple[str, Asked, int]],
    now: datetime,
) -> list[str]:
    """Ask the engine for many decisions of one subject; call `refresh` first."""
    place = OrganizationId(organization)
    needed = [each.parent_id if isinstance(each, Planned) else each for each in asked if not isinstance(each, Somebody)]
    ids = [ResourceId(each) for each in needed if each]
    people = [(UserId(each.user_id), place) for each in asked if isinstance(each, Somebody)]
    subjects, found = await engine.together({(UserId(user), place), *people}, ids, {place})
    subject = subjects.get((UserId(user), place))
    things = {each: _thing(each, found) for each in asked if not isinstance(each, Somebody)}
    told = []
    for permission, each, context in cases:
        if isinstance(each, Somebody):
            told.append(_look(subject, subjects.get((UserId(each.user_id), place)), now))
            continue
        thing = things[each]
        if each is not None and thing is None:
            told.append("absent")
        elif subject is None:
            told.append("denied")
        else:
            told.append(deciding.decide(subject, Question(permission, thing, CONTEXTS[context]), now).value)
    return told


def _look(subject: Subject | None, other: Subject | None, now: datetime) -> str:
    if subject is None or other is None:
        return "absent"
    return "seen" if deciding.knows(subject, other, now) else "hidden"


def _thing(asked: UUID | Planned | None, found: Mapping[ResourceId, Thing]) -> Thing | None:
    if not isinstance(asked, Planned):
        return None if asked is None else found.get(ResourceId(asked))
    above = None if asked.parent_id is None else found[ResourceId(asked.parent_id)]
    return Thing(
        type=asked.type,
        external_id=asked.external_id,
        path=above.path if above else (),
        groups=above.groups if above else None,
        attributes=json.loads(asked.attributes),
    )


class Beside(RuleBasedStateMachine):
    """Two engines over one world: one with room for all of it, one with very little."""

    @initialize(seed=SEEDS, room=st.sampled_from(ROOMS))
    def begin(self, seed: int, room: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = 0.0
        self.source = MemoryParts(build(Random(seed)))
        self.engines = [AccessEngine(self.source, size=size, now=lambda: self.clock) for size in (50_000, room)]
        self.worlds = [(self.clock, self.source.world)]
        self.pending: list[int] = []
        self.open: list[Open] = []
        self.compare(Random(seed), NOW)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.finish()
            self.loop.close()

    @property
    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.clock)

    @rule(seed=SEEDS, change=st.sampled_from(CHANGES))
    def change(self, seed: int, change: Any) -> None:
        """Change one thing, and ask everything under the token of that change."""
        token = self.commit(self.source.begin(), seed, change)
        self.compare(Random(seed), token)

    @rule(seed=SEEDS, changes=st.lists(st.sampled_from(CHANGES), min_size=2, max_size=5))
    def change_much(self, seed: int, changes: list[Any]) -> None:
        """Change several things in one transaction, then others, and ask once, as of now."""

        def all_of_them(random: Random, world: World) -> World:
            for each in changes:
                world = each(random, world)
            return world

        self.commit(self.source.begin(), seed, all_of_them)
        for number, each in enumerate(changes):
            self.commit(self.source.begin(), seed + number, each)
        self.compare(Random(seed), NOW)

    @rule()
    def begin_transaction(self) -> None:
        """Hold the horizon back."""
        self.pending.append(self.source.begin())

    @precondition(lambda self: self.pending)
    @rule(seed=SEEDS, change=st.sampled_from([None, *CHANGES]))
    def end_transaction(self, seed: int, change: Any) -> None:
        """Commit what began long ago, or roll it back."""
        transaction = self.pending.pop(seed % len(self.pending))
        if change is None:
            self.source.roll_back(transaction)
        else:
            self.compare(Random(seed), self.commit(transaction, seed, change))

    @rule(seed=SEEDS, seconds=st.sampled_from([0.3, 1.5, 7.0, 30.0]))
    def wait(self, seed: int, seconds: float) -> None:
        """Let time pass: grants expire, and what is known grows old."""
        self.clock += seconds
        self.compare(Random(seed), None)

    @rule(
        seeds=st.lists(SEEDS, min_size=1, max_size=4),
        engine=st.sampled_from([0, 1]),
        fresh=st.sampled_from([NOW, None]),
    )
    def ask_meanwhile(self, seeds: list[int], engine: int, fresh: Fresh) -> None:
        """Ask something; its looks get stuck."""
        self.source.holding = True
        for seed in seeds:
            random = Random(seed)
            case = self.case(random)
            since = len(self.worlds) - 1 if fresh else self.oldest()
            work = self.answer(self.engines[engine], case, fresh, self.now)
            self.open.append(Open(case, since, self.now, self.loop.create_task(work)))
        self.loop.run_until_complete(spin())
        self.source.holding = False

    @rule(seed=SEEDS, change=st.sampled_from(CHANGES))
    def change_unseen(self, seed: int, change: Any) -> None:
        """Change something, and ask nothing: what is known grows old, too old if time passes."""
        self.commit(self.source.begin(), seed, change)

    @rule(seed=SEEDS, engine=st.sampled_from([0, 1]))
    def overtake(self, seed: int, engine: int) -> None:
        """Have a load take its snapshot before a change, and end after a look that has seen the change."""
        self.finish()
        random = Random(seed)
        case = self.case(random)
        self.commit(self.source.begin(), seed, lambda _, world: turn(world, case[0]))
        self.source.holding = True
        work = self.answer(self.engines[engine], case, NOW, self.now)
        self.open.append(Open(case, len(self.worlds) - 1, self.now, self.loop.create_task(work)))
        self.loop.run_until_complete(spin())
        for _ in range(OVERTAKEN_AT):
            if self.source.held:
                self.source.held.pop(0)[1].set_result(None)
            self.loop.run_until_complete(spin())
        self.source.holding = False
        token = self.commit(self.source.begin(), seed, lambda _, world: turn(world, case[0]))
        self.run(self.loop.create_task(self.engines[engine].refresh(token)))
        self.finish()
        self.compare(random, token)

    @precondition(lambda self: self.source.held)
    @rule(seed=SEEDS)
    def let_one_go_on(self, seed: int) -> None:
        """Let a look take its snapshot, or end; those after it wait as before."""
        self.source.holding = True
        self.source.held.pop(seed % len(self.source.held))[1].set_result(None)
        self.loop.run_until_complete(spin())
        self.source.holding = False
        self.judge()

    @rule()
    def finish(self) -> None:
        """Let every question be answered, and judge the answers."""
        for each in self.open:
            self.run(each.task)
        self.judge()

    def judge(self) -> None:
        """Whatever was answered meanwhile must be what some world since the question said."""
        for each in [each for each in self.open if each.task.done()]:
            self.open.remove(each)
            user, organization, permission, asked, context = each.case
            right = {
                oracle.decide(world, user, organization, permission, asked, CONTEXTS[context], each.at)
                for _, world in self.worlds[each.since :]
            }
            assert each.task.result() in right, (each.case, each.task.result(), right)
            compared["meanwhile"] += 1

    def commit(self, transaction: int, seed: int, change: Any) -> ConsistencyToken:
        token = self.source.commit(transaction, lambda world: change(Random(seed), world))
        self.worlds.append((self.clock, self.source.world))
        return token

    def oldest(self) -> int:
        """Return the first world that may be answered from without a wish for freshness."""
        ended = [number for number, (began, _) in enumerate(self.worlds) if began <= self.clock - 2.0]
        return ended[-1] if ended else 0

    def case(self, random: Random) -> Case:
        asked: list[Asked] = [None, *RESOURCES, *map(Somebody, USERS)]
        return (
            random.choice(SUBJECTS),
            random.choice(ORGANIZATIONS),
            random.choice(ASKED),
            random.choice(asked),
            random.randrange(len(CONTEXTS)),
        )

    async def answer(self, engine: AccessEngine, case: Case, fresh: Fresh, now: datetime) -> str:
        user, organization, permission, asked, context = case
        await engine.refresh(fresh)
        (told,) = await answers(engine, user, organization, [asked], [(permission, asked, context)], now)
        return told

    def compare(self, random: Random, fresh: Fresh) -> None:
        """Ask both engines everything, and the oracle too."""
        world = self.source.world
        plans = [planned(random, world) for _ in range(2)]
        for engine in self.engines:
            self.run(self.loop.create_task(engine.refresh(fresh)))
        for user in SUBJECTS:
            for organization in ORGANIZATIONS:
                inside = [r.id for r in world.resources if r.organization_id == organization]
                fitting = [plan for plan in plans if plan.parent_id is None or plan.parent_id in inside]
                asked: list[Asked] = [None, *inside, random.choice(RESOURCES), *fitting]
                cases = [(p, a, c) for p in ASKED for a in asked for c in range(len(CONTEXTS))]
                people = list(map(Somebody, USERS))
                looks: list[tuple[str, Asked, int]] = [("", each, 0) for each in people]
                self.compare_all(user, organization, [*asked, *people], [*cases, *looks], fresh)

    def compare_all(
        self, user: UUID, organization: UUID, asked: list[Asked], cases: list[tuple[str, Asked, int]], fresh: Fresh
    ) -> None:
        worlds = [self.worlds[-1]] if fresh else self.worlds[self.oldest() :]
        expected = [
            {oracle.decide(world, user, organization, p, a, CONTEXTS[c], self.now) for _, world in worlds}
            for p, a, c in cases
        ]
        for engine in self.engines:
            work = answers(engine, user, organization, asked, cases, self.now)
            told = self.run(self.loop.create_task(work))
            for case, answer, right in zip(cases, told, expected, strict=True):
                assert answer in right, (user, organization, case, answer, right)
                compared[answer] += 1

    def run(self, task: "asyncio.Task[T]") -> T:
        """Finish a task; a look it depends on is let go only when nothing else happens."""
        return self.loop.run_until_complete(self._pushed(task))

    async def _pushed(self, task: "asyncio.Task[T]") -> T:
        while not task.done():
            await spin(task)
            if not task.done():
                self.source.held.pop(0)[1].set_result(None)
        return await task


async def spin(task: "asyncio.Task[Any] | None" = None) -> None:
    """Let everything go on that can, without waiting for anything."""
    for _ in range(SPINS):
        if task and task.done():
            return
        await asyncio.sleep(0)
