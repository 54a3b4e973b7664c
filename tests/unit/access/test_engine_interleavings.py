"""Questions that overlap with changes, one order of events each."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from core.access.engine import NOW, AccessEngine
from core.access.snapshots import Snapshot
from domain.access.engine.deciding import Question, decide
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from tests.support.access.machine import spin
from tests.support.access.parts import LOG, MemoryParts
from tests.support.access.worlds import Granted, Membership, Resource, Role, User, World

ADA, BOB, ORGANIZATION, ELSEWHERE, READER, GRANT, PAGE = (UUID(int=each) for each in range(1, 8))
AT = datetime(2026, 1, 1, tzinfo=UTC)


def world() -> World:
    return World(
        users=[User(ADA), User(BOB)],
        memberships=[Membership(ORGANIZATION, ADA)],
        roles=[Role(READER, None, ("doc:read",))],
        grants=[Granted(GRANT, ORGANIZATION, "user", ADA, READER)],
        resources=[Resource(PAGE, ELSEWHERE, "doc", "page")],
    )


def without_grants(world: World) -> World:
    world.grants = []
    return world


def with_users(*users: User) -> Callable[[World], World]:
    return lambda world: replace(world, users=list(users))


@dataclass
class Stage:
    source: MemoryParts = field(default_factory=lambda: MemoryParts(world()))
    clock: float = 0.0
    engine: AccessEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = AccessEngine(self.source, now=lambda: self.clock)

    async def may(self, user: UUID) -> bool:
        subject, _ = await self.engine.known(UserId(user), OrganizationId(ORGANIZATION))
        return subject is not None and decide(subject, Question("doc:read"), AT).value == "allowed"

    async def held(self, user: UUID) -> "asyncio.Task[bool]":
        """Ask something whose look waits before its snapshot is taken."""
        self.source.holding, before = True, len(self.source.held)
        task = asyncio.create_task(self.may(user))
        await spin()
        assert len(self.source.held) == before + 1
        self.source.holding = False
        return task

    async def go_on(self, number: int) -> None:
        """Let one of those that wait go on, to its end or until it waits again."""
        self.source.held.pop(number)[1].set_result(None)
        await spin()

    def change(self, change: Callable[[World], World]) -> ConsistencyToken:
        return self.source.commit(self.source.begin(), change)


async def test_a8_what_was_read_before_a_change_is_not_kept_though_another_read_ended_meanwhile() -> None:
    stage = Stage()
    await stage.engine.refresh(NOW)
    first, second = await stage.held(ADA), await stage.held(BOB)
    await stage.go_on(0)
    await stage.go_on(0)
    assert not await _after(second, stage, 1)

    token = stage.change(without_grants)
    await stage.engine.refresh(token)
    await stage.go_on(0)
    await first

    assert not await stage.may(ADA)


async def _after(task: "asyncio.Task[bool]", stage: Stage, number: int) -> bool:
    await stage.go_on(number)
    return await task


async def test_a2_a_resource_of_another_organization_is_no_thing_here() -> None:
    stage = Stage()
    await stage.engine.refresh(NOW)

    _, here = await stage.engine.known(UserId(ADA), OrganizationId(ORGANIZATION), [ResourceId(PAGE)])
    _, there = await stage.engine.known(UserId(ADA), OrganizationId(ELSEWHERE), [ResourceId(PAGE)])

    assert not here
    assert set(there) == {PAGE}


async def test_a_store_that_went_back_in_time_is_believed_and_everything_else_forgotten() -> None:
    stage = Stage()
    stage.source.roll_back(stage.source.begin())
    await stage.engine.refresh(NOW)
    assert await stage.may(ADA)

    stage.source = stage.engine.source = MemoryParts(without_grants(world()))
    await stage.engine.refresh(NOW)

    assert not await stage.may(ADA)


async def test_what_was_known_of_a_server_ends_with_it_for_numbers_of_transactions_come_again() -> None:
    stage = Stage()
    crashed, started = stage.source, MemoryParts(world(), server="second run")
    for _ in range(5):
        crashed.roll_back(crashed.begin())
    await stage.engine.refresh(NOW)
    assert await stage.may(ADA)

    stage.engine.source = started
    started.commit(started.begin(), without_grants)
    for _ in range(9):
        started.roll_back(started.begin())
    await stage.engine.refresh(NOW)

    assert not await stage.may(ADA)


async def test_whoever_has_not_looked_for_longer_than_changes_are_kept_forgets_everything() -> None:
    stage = Stage()
    await stage.engine.refresh(NOW)
    assert await stage.may(ADA)

    stage.change(without_grants)
    stage.source._changes.clear()
    stage.clock += 7 * 24 * 3600
    await stage.engine.refresh()

    assert not await stage.may(ADA)


async def test_somebody_who_was_not_there_is_asked_for_again_once_they_are() -> None:
    stage = Stage()
    stage.change(with_users())
    await stage.engine.refresh(NOW)
    assert not await stage.may(ADA)

    await stage.engine.refresh(stage.change(with_users(User(ADA))))

    assert await stage.may(ADA)


def test_snapshots_of_one_moment_are_at_least_one_another() -> None:
    first, same = (Snapshot(LOG, 5, 9, frozenset({5, 7})) for _ in range(2))
    later = Snapshot(LOG, 7, 9, frozenset({7}))

    assert first.is_at_least(same)
    assert later.is_at_least(first)
    assert not first.is_at_least(later)


async def test_whoever_gives_up_leaves_their_look_to_those_who_share_it() -> None:
    stage = Stage()
    stage.source.holding = True
    first, second = (asyncio.create_task(stage.engine.refresh(NOW)) for _ in range(2))
    await spin()

    first.cancel()
    for _ in ("before its snapshot", "after it"):
        await stage.go_on(0)
    await second

    assert first.cancelled()
    assert stage.engine.looks == 1


async def test_a_look_that_fails_fails_those_who_share_it_and_nobody_after_them() -> None:
    stage = Stage()
    stage.source.holding = True
    sharing = [asyncio.create_task(stage.engine.refresh(NOW)) for _ in range(2)]
    await spin()

    stage.source.holding = False
    stage.source.held.pop()[1].set_exception(OSError("gone"))

    assert [type(each) for each in await asyncio.gather(*sharing, return_exceptions=True)] == [OSError, OSError]
    await stage.engine.refresh(NOW)
