"""Commands and reads while Postgres does not answer, is gone, or has no connection left."""

import asyncio
import random
import time

import pytest

from core.postgres.database import Database
from core.postgres.loss import outage
from domain.kernel.errors import ConcurrentChange, Unavailable
from domain.kernel.ids import uuid7
from tests.contracts.transaction import Heard, Thing, named
from tests.integration.transaction.ground import SqlGround
from tests.support.facts import until
from tests.support.proxies import Line

BUSY = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
SOON = 15.0
"""Seconds: without a deadline nothing here would ever be answered; the rest is room for a busy machine."""
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def command(ground: SqlGround, thing: Thing | None = None) -> None:
    """Add a thing, or rename the one given."""
    work = ground.work()
    try:
        changed = thing and await ground.things(work).get(thing.id)
        if changed:
            changed.name = str(uuid7())
        else:
            changed = Thing(uuid7(), str(uuid7()))
            await ground.things(work).add(changed)
        work.emit(named(changed), changed)
        await work.commit()
    finally:
        await work.rollback()


async def test_e16_a_command_is_answered_while_postgres_stands_still(wire: Line, far: SqlGround) -> None:
    await command(far)
    wire.freeze()
    for _ in range(6):
        started = time.monotonic()
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, `outage` says
            await command(far)
        assert isinstance(caught.value, Unavailable) or outage(caught.value)
        assert time.monotonic() - started < SOON
    wire.thaw()
    started = time.monotonic()
    await command(far)
    assert time.monotonic() - started < SOON
    assert len(await far.facts()) == 2


async def test_e16_a_read_is_answered_while_postgres_stands_still(wire: Line, far: SqlGround) -> None:
    assert await far.rows("SELECT 1")
    wire.freeze()
    for _ in range(6):
        started = time.monotonic()
        with pytest.raises((Unavailable, TimeoutError)):
            await far.rows("SELECT 1")
        assert time.monotonic() - started < SOON
    wire.thaw()
    assert await far.rows("SELECT 1")


async def test_e16_a_stop_in_the_middle_of_a_command_commits_all_or_nothing(wire: Line, far: SqlGround) -> None:
    work = far.work()
    thing = Thing(uuid7(), "first")
    await far.things(work).add(thing)
    work.emit(named(thing), thing)
    wire.freeze()
    with pytest.raises(TimeoutError):
        await work.commit()
    started = time.monotonic()
    await work.rollback()
    assert time.monotonic() - started < SOON
    wire.thaw()
    work = far.work()
    seen = await far.things(work).get(thing.id)
    await work.rollback()
    assert (seen is not None) == (len(await far.facts()) == 1)


async def test_commands_survive_the_loss_of_idle_connections(database: Database, ground: SqlGround) -> None:
    works = [ground.work() for _ in range(database.size)]
    drivers = [
        (await (await (await work.begin()).connection()).get_raw_connection()).driver_connection for work in works
    ]
    for work in works:
        await work.rollback()
    await ground.rows(OTHERS)

    async def noticed() -> bool:
        return all(driver.is_closed() for driver in drivers if driver)

    await until(noticed)
    for _ in range(database.size):
        await command(ground)
    assert len(await ground.facts()) == database.size


async def test_a_connection_lost_in_a_command_is_an_outage(ground: SqlGround) -> None:
    work = ground.work()
    session = await work.begin()
    connection = await session.connection()
    pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
    await ground.rows("SELECT pg_terminate_backend($1, 10000)", pid)
    work.enqueue("mail.send", {})
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, `outage` says
        await work.commit()
    assert outage(caught.value)
    await work.rollback()
    assert await ground.jobs() == []
    await command(ground)


async def test_opening_does_not_need_postgres() -> None:
    database = Database("postgres://nobody@127.0.0.1:1/none", wait=0.5)
    await database.open()
    with pytest.raises(ConnectionRefusedError) as refused:
        async with database.read():
            pass
    assert outage(refused.value)
    with pytest.raises(ConnectionRefusedError):
        await SqlGround(database, Heard()).work().begin()
    await database.close()


async def test_e17_whoever_waits_too_long_for_a_connection_is_told_so(impatient: SqlGround) -> None:
    works = [impatient.work() for _ in range(impatient.database.size)]
    for work in works:
        await work.begin()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await impatient.work().begin()
    assert 0.25 < time.monotonic() - started < SOON
    assert await impatient.rows("SELECT 1"), "commands do not starve reads"
    for work in works:
        await work.rollback()
    await command(impatient)


async def test_e17_two_hundred_clients_share_a_few_connections(impatient: SqlGround) -> None:
    await command(impatient)
    (fact,) = await impatient.facts()
    thing = Thing(fact["aggregate_id"], "")
    outcomes = await asyncio.gather(*(command(impatient, thing) for _ in range(200)), return_exceptions=True)
    refused = [error for error in outcomes if error is not None]
    assert all(isinstance(error, ConcurrentChange | Unavailable) or outage(error) for error in refused)

    async def quiet() -> bool:  # what was cut off may not have been rolled back yet
        return await impatient.rows(BUSY) == [(0,)]

    await until(quiet)
    versions = [fact["aggregate_version"] for fact in await impatient.facts()]
    assert versions == list(range(1, len(versions) + 1))
    # Who was told nothing of the commit in time may have made it nonetheless.
    clashes = sum(isinstance(error, ConcurrentChange) for error in refused)
    assert 201 - len(refused) <= len(versions) <= 201 - clashes


async def test_e17_cancelled_commands_leave_nothing_behind(database: Database, ground: SqlGround) -> None:
    await command(ground)
    (fact,) = await ground.facts()
    thing = Thing(fact["aggregate_id"], "")
    chance = random.Random(17)

    async def interrupted() -> None:
        task = asyncio.create_task(command(ground, thing))
        reading = asyncio.create_task(ground.rows("SELECT pg_sleep(0.01)"))
        await asyncio.sleep(chance.random() * 0.02)
        task.cancel()
        reading.cancel()
        await asyncio.gather(task, reading, return_exceptions=True)

    for _ in range(40):
        await asyncio.gather(*(interrupted() for _ in range(5)))

    async def quiet() -> bool:
        return await ground.rows(BUSY) == [(0,)]

    await until(quiet)
    await asyncio.gather(*(command(ground) for _ in range(database.size)))
    assert database.pool.get_size() - database.pool.get_idle_size() == 0
    assert await ground.rows("SELECT 1 FROM pg_locks WHERE relation = 'things'::regclass") == []
