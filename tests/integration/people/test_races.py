"""People and sessions, when two things happen at once."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from typing import Final

import asyncpg
import pytest

from domain.identity.errors import EmailTaken, LastSuperuser, SetupClosed
from domain.identity.models import Credential, User
from domain.identity.verification import FAILURES
from domain.sessions.errors import RefreshRefused, SignInOvertaken
from domain.sessions.models import Session
from domain.sessions.ports import Reuse, Rotation
from tests.contracts.people import LIFETIMES, added, live, person, session_of, started, superuser
from tests.integration.people.ground import SqlGround
from tests.support.databases import patient

FAMILIES, PARALLEL = (200, 50) if os.environ.get("GATEWRIGHT_FAULTS") == "long" else (10, 20)
ROUNDS: Final = 50 if os.environ.get("GATEWRIGHT_FAULTS") == "long" else 8

QUEUED_BEFORE: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('gatewright-links ' || encode(convert_to($1, 'UTF8'), 'hex'), 0))
"""


async def outcomes(*works: Awaitable[object]) -> Counter[str]:
    """Run everything at once; return how often each kind of end was met."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in ended)


@pytest.fixture
async def other(ground: SqlGround, people_url: str) -> AsyncIterator[SqlGround]:
    """Yield the same tables as another process sees them."""
    database = patient(people_url, 8)
    await database.open()
    yield SqlGround(database)
    await database.close()


async def test_of_many_sign_ups_with_one_address_one_wins(ground: SqlGround) -> None:
    async def sign_up() -> None:
        async with ground.transaction() as ports:
            await ports.users.add(user := person())
            await ports.hashes.put(Credential(user_id=user.id, password_hash="h", changed_at=user.created_at))

    assert await outcomes(*(sign_up() for _ in range(8))) == {"done": 1, EmailTaken.__name__: 7}
    assert await ground.value("SELECT count(*) FROM credentials") == 1


async def test_superusers_who_remove_each_other_leave_one(ground: SqlGround, other: SqlGround) -> None:
    async def deactivate(where: SqlGround, user: User) -> None:
        async with where.transaction() as ports:
            found = await ports.users.get(user.id)
            await ports.superusers.spare(user.id)
            found.is_active = False
            found.version += 1
            await ports.users.keep(found)

    for number in range(ROUNDS):
        one, two = [await superuser(ground, f"{number}-{each}@example.com") for each in "ab"]
        ended = await outcomes(deactivate(ground, one), deactivate(other, two))
        assert ended == {"done": 1, LastSuperuser.__name__: 1}
        async with ground.transaction() as ports:
            for each in (one, two):
                await ports.users.remove(await ports.users.get(each.id))


async def test_p14_of_many_setups_at_once_one_wins(ground: SqlGround) -> None:
    async def set_up(number: int) -> None:
        async with ground.transaction() as ports:
            user = person(f"root{number}@example.com")
            await ports.users.add(user)
            await ports.setup.finish(ground.now())
            await ports.superusers.name(user.id, ground.now())

    assert await outcomes(*map(set_up, range(6))) == {"done": 1, SetupClosed.__name__: 5}
    assert await ground.value("SELECT count(*) FROM grants") == 1
    assert await ground.value("SELECT count(*) FROM users") == 1


async def test_e6_parallel_refreshes_of_one_token_have_one_successor(ground: SqlGround, other: SqlGround) -> None:
    user = await added(ground)
    for _ in range(FAMILIES):
        _, token = await started(ground, user)

        found = await asyncio.gather(*((ground, other)[n % 2].families.rotate(token) for n in range(PARALLEL)))

        tokens = {each.refresh_token for each in found if isinstance(each, Rotation)}
        assert not [each for each in found if isinstance(each, Reuse)]
        assert len(tokens) == 1
        assert isinstance(await ground.families.rotate(tokens.pop()), Rotation)
    generations = "SELECT array_agg(DISTINCT generation) FROM refresh_families"
    assert await ground.value(generations) == [2]


async def end(ground: SqlGround, session: Session) -> None:
    """End a session, as a command does."""
    async with ground.transaction() as ports:
        found = await ports.sessions.live(session.id)
        found.end(ground.now(), LIFETIMES.access)
        await ports.sessions.end(found)


async def test_e6_nothing_is_refreshed_once_the_session_has_ended(ground: SqlGround, other: SqlGround) -> None:
    user = await added(ground)
    for _ in range(ROUNDS):
        session, token = await started(ground, user)
        works = [other.families.rotate(token) for _ in range(5)]
        ended, *found = await asyncio.gather(end(ground, session), *works, return_exceptions=True)

        assert ended is None
        live_tokens = {each.refresh_token for each in found if isinstance(each, Rotation)}
        assert all(isinstance(each, Rotation | RefreshRefused) for each in found)
        for each in (token, *live_tokens):
            with pytest.raises(RefreshRefused):
                await other.families.rotate(each)


async def change_password(ground: SqlGround, user: User, session: Session, password_hash: str) -> None:
    """Change a password, as the command does, which goes on with `session`."""
    async with ground.transaction() as ports:
        found = await ports.users.get(user.id)
        found.epoch += 1
        found.version += 1
        await ports.users.keep(found)
        now = ground.now()
        await ports.hashes.put(Credential(user_id=user.id, password_hash=password_hash, changed_at=now))
        await ports.ending.end_all(user.id, found.epoch, now)
        await ports.sessions.start(session, found.epoch)


async def test_no_session_of_the_old_password_survives_its_change(ground: SqlGround, other: SqlGround) -> None:
    async def sign_in(user: User, epoch: int) -> None:
        session = Session(
            user_id=user.id,
            factors=["pwd"],
            created_at=other.now(),
            expires_at=other.now() + LIFETIMES.refresh,
            version=1,
        )
        async with other.transaction() as ports:
            await ports.hashes.renew(user.id, "old", "old, hashed anew")
            await ports.sessions.start(session, epoch)

    for number in range(ROUNDS):
        user = await added(ground, f"{number}@example.com", password="old")
        await started(ground, user)
        mine = session_of(ground, user)
        works = [sign_in(user, 1) for _ in range(4)]
        ended = await outcomes(change_password(ground, user, mine, "new"), *works)

        assert set(ended) <= {"done", SignInOvertaken.__name__}
        assert await live(ground, user) == [mine.id]
        kept = await ground.credentials.find_by_id(user.id)
        assert kept
        assert kept.password_hash == "new"


async def test_failures_and_successes_at_once_wait_for_each_other_and_end(ground: SqlGround, other: SqlGround) -> None:
    user = await added(ground, password="h")

    async def attempt(where: SqlGround, number: int) -> None:
        async with where.transaction() as ports:
            if number % 3:
                await ports.failures.count(user.id, "0.0.0.0/24", where.now())
            else:
                await ports.failures.forget(user.id, "0.0.0.0/24")

    ended = await outcomes(*(attempt((ground, other)[n % 2], n) for n in range(12 * ROUNDS)))

    assert ended == {"done": 12 * ROUNDS}


async def test_p8_one_token_is_tried_once_at_a_time_though_it_is_nobodys(ground: SqlGround, other: SqlGround) -> None:
    async with ground.transaction() as ports:
        assert await ports.links.take_turn(b"of nobody")
        async with other.transaction() as theirs:
            assert not await theirs.links.take_turn(b"of nobody")
            assert await theirs.links.take_turn(b"of somebody else")
    async with other.transaction() as theirs:
        assert await theirs.links.take_turn(b"of nobody")


async def test_whoever_tries_a_token_in_the_release_before_has_the_turn_too(ground: SqlGround, people_url: str) -> None:
    connection = await asyncpg.connect(people_url)
    async with connection.transaction():
        await connection.execute(QUEUED_BEFORE, "of nobody")
        async with ground.transaction() as ports:
            assert not await ports.links.take_turn(b"of nobody")
    await connection.close()


async def test_e11_no_failure_is_lost(ground: SqlGround, other: SqlGround) -> None:
    user = await added(ground, password="h")

    async def fail(where: SqlGround, number: int) -> None:
        async with where.transaction() as ports:
            await ports.failures.count(user.id, f"network {number % 3}", where.now())

    assert await outcomes(*(fail((ground, other)[n % 2], n) for n in range(30))) == {"done": 30}
    kept = await ground.credentials.find_by_id(user.id, "network 0")
    assert kept
    assert (kept.failures, kept.failures_here) == (30, 10)


async def test_e11_p10_of_many_at_once_from_one_network_ten_count(ground: SqlGround, other: SqlGround) -> None:
    user = await added(ground, password="h")

    async def fail(where: SqlGround, number: int) -> None:
        async with where.transaction() as ports:
            await ports.failures.count(user.id, "here", where.now(), *["code"][: number % 2])

    assert await outcomes(*(fail((ground, other)[n // 2 % 2], n) for n in range(60))) == {"done": 60}
    here, code = [await ground.credentials.find_by_id(user.id, place) for place in ("here", "code")]
    assert here
    assert code
    assert (here.failures, here.failures_here, code.failures_here) == (FAILURES, FAILURES, 30)
