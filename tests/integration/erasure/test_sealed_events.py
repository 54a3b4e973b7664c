"""Personal data in the log: sealed by the statement that states it, and opened by every reader."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.audit.sealing import DeploymentSeal, OwnSeal
from core.clock import SystemClock
from core.personal import PersonalKeys, new_salt
from core.postgres.audit_reading import SqlAuditTrails
from core.postgres.database import Database
from core.postgres.log import LogFollower, SqlEventLog
from core.postgres.people import SqlUsers
from core.postgres.person_keys import RememberedSalts, salts
from core.postgres.work import SqlWork
from core.secrets import Sealed, Secrets
from domain.audit.readers import EntryFilter
from domain.audit.schemas import SeenAt
from domain.events.schemas import CloudEvent
from domain.identity.commands.update_me import UpdateMe
from domain.identity.events import UserCreated
from domain.identity.models import EmailAddress, User
from domain.identity.registration import updated
from domain.kernel.access import Actor, Origin
from domain.kernel.ids import SessionId, uuid7
from domain.kernel.usecases import use_case
from tests.support.databases import patient
from tests.support.facts import number, until
from tests.support.proxies import line

OLD, NEW = b"a master secret of the year before", b"a master secret of the present year"
KEYS = PersonalKeys.of(Secrets(OLD))
PLACES = OwnSeal(KEYS, DeploymentSeal(Sealed(b"the key that seals the places 32")))


def work(database: Database, keys: PersonalKeys = KEYS) -> SqlWork:
    return SqlWork(database, SystemClock(), b"audit key", lambda _: None, people=keys)


def somebody() -> User:
    now = SystemClock().now()
    return User(email=EmailAddress(f"{uuid7().hex}@example.org"), full_name="Ada", created_at=now, updated_at=now)


async def announced(database: Database) -> User:
    """Return somebody who has signed up."""
    user, doing = somebody(), work(database)
    await SqlUsers(doing).add(user)
    doing.emit(
        UserCreated(
            user_id=user.id,
            email=user.email,
            email_verified=False,
            username=None,
            full_name="Ada",
            occurred_at=user.created_at,
        ),
        of=user,
    )
    await doing.commit()
    return user


async def unannounced(database: Database) -> User:
    """Return somebody who has no key, as the release before left them after announcing them."""
    user, doing = replace(somebody(), version=1), work(database)
    await SqlUsers(doing).add(user)
    await doing.commit()
    return user


async def renamed(database: Database, user: User, name: str) -> None:
    doing = work(database)
    found = await SqlUsers(doing).get(user.id)
    found.full_name = name
    doing.emit(updated(found), of=found)
    await doing.commit()


async def rows(database: Database, query: str, *values: Any) -> list[Any]:
    async with database.read() as connection:
        found: list[Any] = await connection.fetch(query, *values)
        return found


async def shown(database: Database, user: User, keys: PersonalKeys = KEYS) -> list[CloudEvent]:
    """Return what readers of the log are told about somebody."""
    async with database.read() as connection:
        await number(connection)
        first = await connection.fetchval("SELECT min(position) FROM events WHERE aggregate_id = $1", user.id)
    part = await SqlEventLog(database, LogFollower(database), people=keys).read(first - 1, 1000)
    return [each for each in part.events if each["aggregateid"] == str(user.id)]


async def forget(database: Database, user: User) -> None:
    await rows(database, "DELETE FROM person_keys WHERE person_id = $1", user.id)


async def test_e13_the_outbox_does_not_say_who_it_is(database: Database) -> None:
    user = await announced(database)
    ((text,),) = await rows(database, "SELECT o::text FROM outbox o WHERE aggregate_id = $1", user.id)
    assert str(user.id) in text
    assert user.email not in text
    assert "Ada" not in text


async def test_e13_readers_are_told_as_if_nothing_were_sealed(database: Database) -> None:
    user = await announced(database)
    await renamed(database, user, "Ada Lovelace")
    created, changed = await shown(database, user)
    assert (created["data"]["email"], created["data"]["full_name"]) == (user.email, "Ada")
    assert changed["data"]["full_name"] == "Ada Lovelace"
    assert "erased" not in created
    assert set(created["data"]) == {"user_id", "email", "email_verified", "username", "full_name", "occurred_at"}


async def test_e13_without_the_key_they_are_told_that_somebody_was_erased(database: Database) -> None:
    user, other = await announced(database), await announced(database)
    await forget(database, user)
    (event,) = await shown(database, user)
    assert event["erased"] is True
    assert event["data"] == {
        "user_id": str(user.id),
        "email": None,
        "email_verified": False,
        "username": None,
        "full_name": None,
        "occurred_at": event["data"]["occurred_at"],
    }
    assert (await shown(database, other))[0]["data"]["email"] == other.email


@pytest.mark.parametrize("secrets", [Secrets(NEW, (OLD,)), Secrets(NEW, retired=(OLD,))])
async def test_e13_a_former_master_secret_opens_what_it_sealed(database: Database, secrets: Secrets) -> None:
    user = await announced(database)
    (event,) = await shown(database, user, PersonalKeys.of(secrets))
    assert event["data"]["email"] == user.email
    with pytest.raises(ValueError, match="another key"):
        await shown(database, user, PersonalKeys.of(Secrets(NEW)))


async def test_e13_announcing_somebody_takes_no_round_trip_more(database_url: str, database: Database) -> None:
    async with line(database_url) as wire:
        far = patient(wire.url, 1)
        await far.open()
        await announced(far)
        before = wire.answers
        await announced(far)
        named = ["begin", "savepoint", "insert", "release", "update version", "everything said", "commit"]
        assert wire.answers - before == len(named)
        await far.close()


async def test_whoever_came_with_the_release_before_gets_a_key_once(database: Database) -> None:
    user = await unannounced(database)
    for name in ("Ada", "Ada Lovelace"):
        await renamed(database, user, name)
    assert [event["data"]["full_name"] for event in await shown(database, user)] == ["Ada", "Ada Lovelace"]


async def test_e13_first_writers_at_once_seal_under_one_key(database: Database) -> None:
    """Nothing but the key holds them apart: none of them locks the person."""
    user = await unannounced(database)

    async def say(name: str) -> None:
        doing, twin = work(database), replace(user, full_name=name)
        await (await doing.begin()).connection()
        doing.emit(updated(twin), of=twin)
        await doing.commit()

    names = [f"Ada {number}" for number in range(4)]
    await asyncio.gather(*map(say, names))
    assert sorted(event["data"]["full_name"] for event in await shown(database, user)) == names


async def test_e13_nobody_who_was_erased_gets_another_key(database: Database) -> None:
    user = await announced(database)
    await forget(database, user)
    await rows(database, "DELETE FROM users WHERE id = $1", user.id)
    doing = work(database)
    doing.emit(updated(user), of=user)
    await doing.commit()
    assert [event.get("erased") for event in await shown(database, user)] == [True, True]
    assert not await rows(database, "SELECT FROM person_keys WHERE person_id = $1", UUID(str(user.id)))


async def test_e13_nobody_who_is_just_being_erased_gets_another_key(database: Database) -> None:
    user = await unannounced(database)
    async with database.read() as erasing, database.read() as sealing:
        gone = erasing.transaction()
        await gone.start()
        await erasing.execute("DELETE FROM users WHERE id = $1", user.id)
        asking = asyncio.create_task(salts(sealing, [user.id]))
        waits = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
        pid = sealing.get_server_pid()
        await until(lambda: rows(database, waits, pid))
        await gone.commit()
        assert await asking == {}


async def did(database: Database, user: User, remembered: RememberedSalts, name: str, trace: str | None = None) -> None:
    """Have somebody change their own name: it is said of them, and from where they did it."""
    doing = SqlWork(
        database,
        SystemClock(),
        b"audit key",
        lambda _: None,
        people=KEYS,
        trace=trace,
        origin=Origin("192.0.2.7", None),
        seal=PLACES,
        remembered=remembered,
    )
    try:
        found = await SqlUsers(doing).get(user.id)
        found.full_name = name
        doing.emit(updated(found), of=found)
        doing.record(use_case(UpdateMe), UpdateMe(), Actor(user.id, SessionId(uuid7()), None, 1), "done")
        await doing.commit()
    finally:
        await doing.rollback()


async def places(database: Database, user: User) -> list[SeenAt | None]:
    async with database.read() as connection:
        await number(connection)
    entries = await SqlAuditTrails(database, PLACES).list(EntryFilter(own=user.id), None, 10)
    return [entry.where for entry in entries]


async def test_e13_a_salt_that_was_rolled_back_seals_nothing(database: Database) -> None:
    user, remembered = await unannounced(database), RememberedSalts()
    with pytest.raises(asyncpg.PostgresError):
        await did(database, user, remembered, "Ada", trace="what Postgres does not take: \x00")
    await did(database, user, remembered, "Ada Lovelace")
    assert [event["data"]["full_name"] for event in await shown(database, user)] == ["Ada Lovelace"]
    assert await places(database, user) == [SeenAt("192.0.2.7", None)]


async def test_e13_events_are_sealed_with_what_is_there_now_and_nothing_remembered(database: Database) -> None:
    user, remembered = await announced(database), RememberedSalts()
    remembered.learn({user.id: new_salt()})
    await did(database, user, remembered, "Ada Lovelace")
    assert [event["data"]["full_name"] for event in await shown(database, user)] == ["Ada", "Ada Lovelace"]
    assert await places(database, user) == [SeenAt("192.0.2.7", None)]


async def test_whose_salt_is_remembered_costs_no_round_trip_for_where_they_were(
    database_url: str, database: Database
) -> None:
    user, remembered = await announced(database), RememberedSalts()
    async with line(database_url) as wire:
        far = patient(wire.url, 1)
        await far.open()
        costs = []
        for _ in range(3):
            before = wire.answers
            doing = SqlWork(
                far,
                SystemClock(),
                b"audit key",
                lambda _: None,
                people=KEYS,
                origin=Origin("192.0.2.7", None),
                seal=PLACES,
                remembered=remembered,
            )
            doing.record(use_case(UpdateMe), UpdateMe(), Actor(user.id, SessionId(uuid7()), None, 1), "done")
            await doing.commit()
            costs.append(wire.answers - before)
        await far.close()
    assert costs[1] == costs[2]
    assert costs[2] < costs[0]
