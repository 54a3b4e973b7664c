"""Changes that are tried: each runs in a transaction of its own, up to a savepoint, and is undone."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from dishka import AsyncContainer
from sqlalchemy import exc

from core.pipeline import Call, Gate
from core.postgres.access_parts import loaded
from core.postgres.trial_reads import (
    changed_keys,
    concerned_people,
    seen_people,
    touched_resources,
    written_permissions,
)
from core.postgres.trial_rows import other_rows
from core.postgres.work import SqlWork
from domain.access.asking import Entity
from domain.access.engine.parts import Key
from domain.access.errors import SimulationTooLarge
from domain.access.simulating.ports import Other, Others, Trial, Trials, Wanted
from domain.access.simulating.states import Altered, Candidate, Parts, altered, subject_of, things_of
from domain.kernel.access import Actor
from domain.kernel.errors import ConcurrentChange, Overloaded
from domain.kernel.ids import ResourceId, UserId
from domain.kernel.usecases import Command, use_case

TRIES: Final = 3
_OVERTAKEN: Final = {"40001", "40P01"}
"""Others have changed the same since, or wait for each other and for us."""
_BEGIN: Final = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SAVEPOINT unchanged")
_UNDO: Final = "ROLLBACK TO SAVEPOINT unchanged"


@dataclass(frozen=True, slots=True)
class SqlTrials(Trials):
    """Runs the change as it is run when it is made, on a connection of the commands'; see ADR 0013."""

    container: AsyncContainer
    gate: Gate
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """How many are tried at once, so that enough connections are left for commands."""
    wait: float = 2.0
    """Seconds to wait for others that are tried."""
    deadline: float = 8.0
    """Seconds for one."""

    @asynccontextmanager
    async def of(self, change: Command[Any], actor: Actor, wanted: Wanted) -> AsyncIterator[Trial]:
        """See `Trials.of`."""
        case = use_case(type(change))
        if not case.simulated:
            raise TypeError(f"{case.name} is not simulated")
        if case.access.permission or case.access.within:
            await self.gate.check(case.access, actor, change)
        async with AsyncExitStack() as stack:
            await self._enter(stack)
            await stack.enter_async_context(_deadline(self.deadline))
            yield await self._tried(stack, change, actor, wanted)

    async def _enter(self, stack: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self.wait):
                await stack.enter_async_context(self.room)
        except TimeoutError:
            raise Overloaded from None

    async def _tried(self, stack: AsyncExitStack, change: Command[Any], actor: Actor, wanted: Wanted) -> Trial:
        for _ in range(TRIES):
            async with AsyncExitStack() as opened:
                scope = await opened.enter_async_context(self.container(context={Call: Call()}))
                try:
                    trial = await _try(scope, change, actor, wanted)
                except (exc.DBAPIError, asyncpg.PostgresError) as error:
                    if _state(error) not in _OVERTAKEN:
                        raise
                else:
                    await stack.enter_async_context(opened.pop_all())
                    return trial
        raise ConcurrentChange


@dataclass(slots=True)
class _Trial(Trial):
    """Reads what stays as it is once the change is undone, of the same snapshot."""

    wanted: Wanted
    asker: Candidate
    work: SqlWork
    people: Sequence[Candidate] = ()
    last: UserId | None = None
    altered: Sequence[Altered] = ()
    permissions: Collection[str] = ()
    touched: Sequence[ResourceId] = ()

    async def others(self, wanted: Others) -> Sequence[Other]:
        """See `Trial.others`."""
        statement, values = other_rows(self.wanted, self.asker, wanted, self.touched)
        return [
            Other(ResourceId(row["id"]), Entity(row["type"], row["external_id"]), row["gained"])
            for row in await self.work.driver.fetch(statement, *values)
        ]


async def _try(scope: AsyncContainer, change: Command[Any], actor: Actor, wanted: Wanted) -> Trial:
    work, case = await scope.get(SqlWork), use_case(type(change))
    session = await work.begin()
    connection = await session.connection()
    for statement in _BEGIN:
        await connection.exec_driver_sql(statement)
    await (await scope.get(case.interactor))(change, *([actor] if case.takes else []))
    trial = _Trial(wanted, Candidate(actor.user_id, None, None), work)
    if not work.begun:
        return trial  # it was itself only a rehearsal
    await session.flush()
    driver = work.driver
    changed = await changed_keys(driver)
    if not changed:
        return trial
    trial.touched = await touched_resources(driver, changed["resource"])
    ids = await concerned_people(driver, changed, wanted, everybody=bool(trial.touched))
    keys = {Key("user", each) for each in (*ids[: wanted.most], actor.user_id)}
    keys |= {Key("resource", each) for each in trial.touched}
    after, written = await loaded(driver, keys), await written_permissions(driver, wanted)
    # From here on nobody waits for what the change has locked.
    await connection.exec_driver_sql(_UNDO)
    before = await loaded(driver, keys)
    trial.permissions = written | await written_permissions(driver, wanted)
    trial.asker = _candidate(before, after, actor.user_id, wanted)
    trial.altered = altered(*(things_of(each, trial.touched, wanted.organization_id) for each in (before, after)))
    seen = await seen_people(driver, ids[: wanted.most], trial.asker, wanted)
    trial.people = [_candidate(before, after, each, wanted) for each in ids[: wanted.most] if each in seen]
    trial.last = ids[wanted.most - 1] if len(ids) > wanted.most else None
    return trial


def _candidate(before: Parts, after: Parts, user_id: UserId, wanted: Wanted) -> Candidate:
    return Candidate(user_id, *(subject_of(each, user_id, wanted.organization_id) for each in (before, after)))


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    """Raise `SimulationTooLarge` in the block after so many seconds."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise SimulationTooLarge from None
        raise


def _state(error: exc.DBAPIError | asyncpg.PostgresError) -> str | None:
    found = error.orig if isinstance(error, exc.DBAPIError) else error
    return getattr(found, "sqlstate", None)
