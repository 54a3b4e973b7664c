"""A store that fails, or fails in the middle, never makes anybody allowed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import pytest

from core.access.engine import NOW, TRIES, AccessEngine
from core.access.snapshots import Snapshot
from core.access.source import Look
from domain.access.engine.parts import Key
from domain.kernel.ids import OrganizationId, UserId
from tests.support.access import oracle
from tests.support.access.changing import ASKED, BEGINNING, CHANGES, CONTEXTS, ORGANIZATIONS, RESOURCES, USERS, build
from tests.support.access.machine import answers
from tests.support.access.oracle import Asked
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import World

STEPS = 40


class Lost(OSError):
    """The store cannot be reached."""


@dataclass(slots=True)
class FailingParts(MemoryParts):
    """Fails before or after it has read; what was read is lost then."""

    random: Random = field(default_factory=Random)
    share: float = 0.25

    async def look(self, since: Snapshot | None, keys: Collection[Key]) -> Look:
        """See `Source.look`."""
        self._may_fail()
        found = await MemoryParts.look(self, since, keys)
        self._may_fail()
        return found

    def _may_fail(self) -> None:
        if self.random.random() < self.share:
            raise Lost


@pytest.mark.parametrize("seed", range(6))
async def test_a10_whatever_is_answered_while_the_store_fails_is_right(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Answers as of now are those of the last world, or none; half a load is never answered from."""
    random, ended = Random(seed), Counter[str]()
    source = FailingParts(build(random), random=random)
    engine = AccessEngine(source)
    for _ in range(STEPS):
        change = random.choice(CHANGES)
        source.commit(source.begin(), lambda world, change=change: change(random, world))  # type: ignore[misc]  # fmt: skip
        for user in USERS:
            organization = random.choice(ORGANIZATIONS)
            asked: list[Asked] = [None, *random.sample(RESOURCES, 3)]
            cases = [(permission, each, 0) for permission in ASKED for each in asked]
            right = [
                oracle.decide(source.world, user, organization, p, each, CONTEXTS[0], BEGINNING) for p, each, _ in cases
            ]
            try:
                await engine.refresh(NOW)
                told = await answers(engine, user, organization, asked, cases, BEGINNING)
            except Lost:
                ended["lost"] += 1
                continue
            assert told == right
            ended["answered"] += 1
    record_property("ended", dict(ended))
    assert ended["answered"] > 10
    assert ended["lost"] > 10


@dataclass(slots=True)
class RestlessParts(MemoryParts):
    """Whatever is not being looked at changes before anybody looks."""

    async def look(self, since: Snapshot | None, keys: Collection[Key]) -> Look:
        """See `Source.look`."""
        others = [each for each in USERS if Key("user", each) not in keys]
        self.commit(self.begin(), lambda world: toggled(world, others))
        return await MemoryParts.look(self, since, keys)


def toggled(world: World, users: list[UUID]) -> World:
    """Return the world with the people who were active inactive, and the other way round."""
    world.users = [each._replace(is_active=not each.is_active) if each.id in users else each for each in world.users]
    return world


async def test_a10_what_never_rests_is_answered_from_one_snapshot() -> None:
    """Two of whom one changes while the other is loaded, again and again."""
    source = RestlessParts(build(Random(2)))
    engine, place = AccessEngine(source), OrganizationId(ORGANIZATIONS[1])
    people = [(UserId(each.id), place) for each in source.world.users]
    assert len(people) > 1
    await engine.refresh(NOW)
    for each in people:
        await engine.known(*each)

    found, _ = await engine.together(people)

    assert {person[0]: subject.user.is_active for person, subject in found.items()} == {
        each.id: each.is_active for each in source.world.users
    }
    assert engine.looks > TRIES


async def test_a10_without_the_store_nothing_older_than_the_bound_is_answered() -> None:
    clock = [0.0]
    source = FailingParts(build(Random(1)), share=0.0)
    engine = AccessEngine(source, now=lambda: clock[0])
    await engine.refresh(NOW)
    await answers(engine, USERS[0], ORGANIZATIONS[1], [None], [(ASKED[0], None, 0)], BEGINNING)
    source.share = 1.0

    for at, lost in ((engine.bound - 0.1, False), (engine.bound + 0.1, True), (30.0, True)):
        clock[0] = at
        asked = asyncio.create_task(engine.refresh())
        await asyncio.wait([asked])
        assert isinstance(asked.exception(), Lost) is lost


async def test_a10_a_store_without_anything_allows_nobody_anything() -> None:
    engine = AccessEngine(MemoryParts(World()))
    await engine.refresh(NOW)

    for user in USERS:
        told = await answers(engine, user, ORGANIZATIONS[1], [None], [(each, None, 0) for each in ASKED], BEGINNING)
        assert set(told) == {"denied"}
