"""What the transaction on Postgres does beyond its contract."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag

from core.audit.leaves import leaf
from core.idempotency import Claim, Claimed
from core.postgres.consistency import SEEN, Seen
from core.postgres.database import Database
from core.postgres.direct import plain
from core.postgres.poke import CHANNEL, Poke
from core.postgres.renewing import renew
from domain.kernel.errors import IdempotencyInFlight
from domain.kernel.ids import uuid7
from tests.contracts.idempotency import CLAIM, answer
from tests.contracts.transaction import NOW, NameThing, Thing, named, somebody, use_case
from tests.contracts.unit_of_work import add
from tests.integration.transaction.ground import SqlGround
from tests.support.proxies import Line

NUMBERED = "SELECT position, aggregate_version FROM sequence_log(100, 8)"


async def say_everything(ground: SqlGround, claim: Claim) -> None:
    work, thing = ground.work(), Thing(uuid7(), claim.key)
    keys = ground.keys(work)
    keys.claim(claim)
    await ground.things(work).add(thing)
    work.emit(named(thing), thing)
    work.emit(named(thing), thing)
    work.enqueue("mail.send", {})
    work.record(use_case(), NameThing(token_id=uuid7(), thing_id=thing.id), None, "done")
    keys.keep(b"null")
    await work.commit()


async def refuse(ground: SqlGround) -> None:
    work = ground.work()
    work.record(use_case(), NameThing(token_id=uuid7(), thing_id=uuid7()), None, "tests.refused")
    await work.commit()


async def test_everything_said_is_one_round_trip(wire: Line, far: SqlGround) -> None:
    await say_everything(far, replace(CLAIM, key="warm"))
    before = wire.answers
    await say_everything(far, replace(CLAIM, key="warmed"))
    assert wire.answers - before == len(["begin", "claim", "insert", "update version", "everything said", "commit"])


async def test_an_entry_alone_is_one_round_trip(wire: Line, far: SqlGround) -> None:
    await refuse(far)
    before = wire.answers
    await refuse(far)
    assert wire.answers - before == 1
    assert len(await far.entries()) == 2


async def test_answers_are_sealed_each_for_its_own_claim(ground: SqlGround) -> None:
    await answer(ground, said=b'{"refresh_token":"gwr_secret"}')
    ((kept,),) = await ground.rows("SELECT answer FROM idempotency_keys")
    assert b"gwr_secret" not in kept
    await ground.rows("UPDATE idempotency_keys SET key = 'key-2'")
    with pytest.raises(InvalidTag):
        await ground.keys(ground.work()).find(replace(CLAIM, key="key-2"))


async def test_a_key_is_remembered_for_a_day_and_then_claimed_anew(ground: SqlGround) -> None:
    await answer(ground)
    ((hours,),) = await ground.rows("SELECT extract(epoch FROM expires_at - now()) / 3600 FROM idempotency_keys")
    assert 23.9 < hours <= 24
    await ground.rows("UPDATE idempotency_keys SET expires_at = now()")
    again = replace(CLAIM, request=b"another request")
    work = ground.work()
    keys = ground.keys(work)
    assert await keys.find(again) is None
    keys.claim(again)
    keys.keep(b"2")
    await work.commit()
    assert await keys.find(again) == b"2"


async def test_i14_of_twins_that_race_one_runs(ground: SqlGround) -> None:
    ran = 0

    async def once(claim: Claim) -> bytes | None:
        """Do what the pipeline does."""
        nonlocal ran
        work = ground.work()
        keys = ground.keys(work)
        if kept := await keys.find(claim):
            return kept
        keys.claim(claim)
        try:
            await ground.things(work).add(Thing(uuid7(), claim.key))
            ran += 1
            said = str(uuid7()).encode()
            keys.keep(said)
            await work.commit()
        except Claimed:
            await work.rollback()
            return await keys.find(claim)
        except IdempotencyInFlight:
            return None
        finally:
            await work.rollback()
        return said

    for number in range(10):
        answers = await asyncio.gather(*(once(replace(CLAIM, key=f"race-{number}")) for _ in range(8)))
        assert len(set(answers) - {None}) == 1
    assert ran == 10


async def test_entries_are_authenticated_with_a_key_that_postgres_does_not_hold(ground: SqlGround) -> None:
    work = ground.work()
    work.record(use_case(), NameThing(token_id=uuid7(), thing_id=uuid7()), somebody(), "done")
    await work.commit()
    (row,) = await ground.rows("SELECT * FROM audit_pending")
    assert row["occurred_at"] == NOW
    assert leaf(b"audit key", row) == row["leaf"]
    assert leaf(b"another key", row) != row["leaf"]
    assert b"192.0.2.7" not in row["place"]


async def test_what_was_committed_is_numbered_and_chained(ground: SqlGround) -> None:
    ((before,),) = await ground.rows("SELECT position FROM log_head")
    thing, work = await add(ground), ground.work()
    found = await ground.things(work).get(thing.id)
    assert found
    for _ in range(3):
        work.emit(named(found), found)
    work.record(use_case(), NameThing(token_id=uuid7(), thing_id=thing.id), None, "done")
    await work.commit()
    assert await ground.rows(NUMBERED) == [(before + number, number) for number in range(1, 5)]
    ((entries,),) = await ground.rows("SELECT count(*) FROM audit WHERE position > 0 AND chain IS NOT NULL")
    assert entries >= 1
    assert await ground.facts() == []


async def test_a_token_tells_whether_a_snapshot_includes_its_command(ground: SqlGround) -> None:
    work, thing = ground.work(), Thing(uuid7(), "one")
    await ground.things(work).add(thing)
    before = Seen.of((await ground.rows(f"SELECT {SEEN}"))[0])
    token = await work.commit()
    after = Seen.of((await ground.rows(f"SELECT {SEEN}, name FROM things"))[0])
    assert not before.includes(token)
    assert after.includes(token)
    assert before.includes(None)


async def test_a_renewed_log_reaches_running_processes_at_once(ground: SqlGround) -> None:
    work = ground.work()
    work.enqueue("mail.send", {})
    before = await work.commit()
    async with ground.database.read() as connection:
        await renew(connection)
    work.enqueue("mail.send", {})
    after = await work.commit()
    assert before
    assert after
    assert before.log != after.log
    assert not Seen.of((await ground.rows(f"SELECT {SEEN}"))[0]).includes(before)


async def test_pokes_are_joined_and_survive_the_loss_of_their_connection(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(plain(database.url))
    await listener.add_listener(CHANNEL, lambda *_: heard.put_nowait("poked"))
    poke = Poke(database, interval=0.05)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(poke.run())
        for _ in range(100):
            poke()
        await heard.get()
        assert heard.empty()
        await listener.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'gatewright-poke' AND datname = current_database()"
        )
        while heard.empty():
            poke()
            await asyncio.sleep(0.05)
        running.cancel()
    await listener.close()
