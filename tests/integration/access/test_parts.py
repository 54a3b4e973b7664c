"""The engine over Postgres: whatever is written, by hand too, is seen; and nothing that is gone is answered."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest

from core.access.engine import NOW, AccessEngine
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from domain.access.engine.deciding import Question, decide
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import PLATFORM, OrganizationId, UserId, uuid7
from tests.support.access import oracle, rows
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
)
from tests.support.access.machine import answers
from tests.support.access.oracle import Asked
from tests.support.access.worlds import Somebody, World
from tests.support.databases import patient
from tests.support.invariants import TREES, broken

DEEP = bool(os.environ.get("GATEWRIGHT_DEEP"))
SEEDS, STEPS = (range(12), 120) if DEEP else (range(2), 25)
HOLDER: Final = UUID(int=(9 << 64) + 1)
"""Somebody whom only transactions that are held open concern, so that nobody else waits for their locks."""
HELD: Final = [UUID(int=(9 << 64) + each) for each in (2, 3, 4)]
"""Roles, one for each such transaction."""


@pytest.fixture
async def databases(fresh_database_url: str) -> AsyncIterator[list[Database]]:
    made = [patient(fresh_database_url, 4) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for each in made:
            await each.open()
            stack.push_async_callback(each.close)
        yield made


@dataclass
class Beside:
    """Two processes' engines and the oracle, over one database."""

    databases: list[Database]
    random: Random
    writer: Any
    holders: dict[UUID, Any]
    """Connections for transactions that are held open, by the role that is theirs."""
    open: dict[UUID, Any] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    engines: list[AccessEngine] = field(init=False)

    def __post_init__(self) -> None:
        self.engines = [AccessEngine(SqlParts(each)) for each in self.databases]

    async def begin(self) -> None:
        await rows.furnish(self.writer)
        await rows.write(self.writer, World(), build(self.random))
        await self.writer.execute(
            "INSERT INTO users (id, is_active, email_verified, email, epoch, created_at, updated_at, version)"
            " VALUES ($1, true, true, 'holder', 1, now(), now(), 1)",
            HOLDER,
        )
        for each in HELD:
            await self.writer.execute(
                "INSERT INTO roles (id, organization_id, permissions, name) VALUES ($1, NULL, '{doc:read}', $2)",
                each,
                str(each),
            )

    async def change(self) -> ConsistencyToken | None:
        """Write something in one transaction; return its token, or None if it was rolled back."""
        transaction = self.writer.transaction()
        await transaction.start()
        await rows.furnish(self.writer)
        for _ in range(self.random.randint(1, 4)):
            if self.random.random() < 0.1:
                table = self.random.choice(rows.CASCADES)
                await rows.delete(self.writer, table, self.random.randrange(100))
                await rows.furnish(self.writer)
            else:
                before = _without_held(await rows.read(self.writer))
                after = self.random.choice(CHANGES)(self.random, before.copy())
                await rows.write(self.writer, before, after)
        token = await rows.token(self.writer)
        if self.random.random() < 0.15:
            await transaction.rollback()
            return None
        await transaction.commit()
        return token

    async def hold(self) -> ConsistencyToken | None:
        """Begin a transaction that stays open, or end one."""
        role = self.random.choice(HELD)
        connection = self.holders[role]
        if role not in self.open:
            self.open[role] = connection.transaction()
            await self.open[role].start()
            if await connection.execute("DELETE FROM grants WHERE role_id = $1", role) == "DELETE 0":
                await connection.execute(
                    "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, effect, created_at)"
                    " VALUES ($1, $2, 'user', $3, $4, $5, now())",
                    uuid7(),
                    PLATFORM,
                    HOLDER,
                    role,
                    self.random.choice(["allow", "deny"]),
                )
            else:
                written = self.random.sample(ASKED, 2)
                await connection.execute("UPDATE roles SET permissions = $2 WHERE id = $1", role, written)
            return None
        token = await rows.token(connection)
        transaction = self.open.pop(role)
        if self.random.random() < 0.3:
            await transaction.rollback()
            return None
        await transaction.commit()
        return token

    async def compare(self, token: ConsistencyToken | None) -> None:
        """Ask both engines everything: one as of the change, the other as of now."""
        freshness = [token or NOW, NOW]
        self.random.shuffle(freshness)
        for engine, fresh in zip(self.engines, freshness, strict=True):
            await engine.refresh(fresh)
        world = await rows.read(self.writer)
        plan = planned(self.random, world)
        for user in (*SUBJECTS, HOLDER):
            for organization in ORGANIZATIONS:
                inside = [r.id for r in world.resources if r.organization_id == organization]
                asked: list[Asked] = [None, *inside, self.random.choice(RESOURCES)]
                asked += [plan] if plan.parent_id is None or plan.parent_id in inside else []
                cases = [(p, a, c) for p in ASKED for a in asked for c in range(len(CONTEXTS))]
                people: list[Asked] = [*map(Somebody, USERS)]
                asked, cases = asked + people, cases + [("", each, 0) for each in people]
                right = [oracle.decide(world, user, organization, p, a, CONTEXTS[c], BEGINNING) for p, a, c in cases]
                for engine in self.engines:
                    told = await answers(engine, user, organization, asked, cases, BEGINNING)
                    wrong = [each for each in zip(cases, told, right, strict=True) if each[1] != each[2]]
                    assert not wrong, (user, organization, wrong)
                self.compared.update(right * len(self.engines))


def _without_held(world: World) -> World:
    return replace(
        world,
        users=[each for each in world.users if each.id != HOLDER],
        roles=[each for each in world.roles if each.id not in HELD],
        grants=[each for each in world.grants if each.role_id not in HELD],
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.timeout(1200)
async def test_a7_whatever_is_written_by_whatever_statement_is_what_both_processes_answer(
    databases: list[Database], seed: int, record_property: Callable[[str, object], None]
) -> None:
    async with AsyncExitStack() as stack:
        connections = [await databases[0].connect(idle_in_transaction_session_timeout="0") for _ in range(4)]
        for each in connections:
            stack.push_async_callback(each.close)
        writer, *others = connections
        beside = Beside(databases, Random(seed), writer, dict(zip(HELD, others, strict=True)))
        await beside.begin()
        await beside.compare(None)
        for _ in range(STEPS):
            token = await (beside.hold() if beside.random.random() < 0.3 else beside.change())
            await beside.compare(token)
        assert not await broken(writer, TREES)
    record_property("compared", dict(beside.compared))
    assert all(beside.compared[each] for each in ("allowed", "denied", "hidden", "absent", "seen"))


CROWD, ROUNDS = (24, 200) if DEEP else (12, 12)


@dataclass
class Crowd:
    """Engines that are asked all the time, while people's only grant comes and goes."""

    engines: list[AccessEngine]
    organization: OrganizationId
    role: UUID
    trials: Counter[str] = field(default_factory=Counter)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def may(self, engine: AccessEngine, user: UUID) -> bool:
        subject, _ = await engine.known(UserId(user), self.organization)
        return subject is not None and decide(subject, Question("doc:read"), BEGINNING).value == "allowed"

    async def ask(self, engine: AccessEngine, users: list[UUID]) -> None:
        """Ask without a wish for freshness, so that loads overlap with every change."""
        random = Random(0)
        while not self.done.is_set():
            await engine.refresh()
            await self.may(engine, random.choice(users))
            self.trials["meanwhile"] += 1
            await asyncio.sleep(0)

    async def live(self, database: Database, user: UUID, number: int) -> None:
        """Be granted something, have it withdrawn, and be judged by two engines after each."""
        connection = await database.connect()
        try:
            for round_ in range(ROUNDS):
                for statement, right in ((_GRANT, True), (_WITHDRAW, False)):
                    async with connection.transaction():
                        await connection.execute(statement, self.organization, user, self.role)
                        token = await rows.token(connection)
                    for each in range(2):
                        engine = self.engines[(number + round_ + each) % len(self.engines)]
                        await engine.refresh(token)
                        assert await self.may(engine, user) is right
                        self.trials["fresh"] += 1
        finally:
            await connection.close()


async def test_e7_a8_what_was_withdrawn_is_denied_everywhere_at_once_while_others_write(
    databases: list[Database], record_property: Callable[[str, object], None]
) -> None:
    role, organization = uuid7(), OrganizationId(uuid7())
    async with databases[0].read() as connection:
        await connection.execute(
            "INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", organization, str(organization)
        )
        await connection.execute(
            "INSERT INTO roles (id, organization_id, permissions, name) VALUES ($1, $2, '{doc:read}', 'reader')",
            role,
            organization,
        )
    crowd = Crowd([AccessEngine(SqlParts(each)) for each in (*databases, *databases)], organization, role)
    users: list[UUID] = [uuid7() for _ in range(CROWD)]
    async with databases[0].read() as connection:
        for each in users:
            await connection.execute(_PERSON, each)
    async with asyncio.TaskGroup() as group:
        for engine in crowd.engines:
            group.create_task(crowd.ask(engine, users))
        async with asyncio.TaskGroup() as writers:
            for number, each in enumerate(users):
                writers.create_task(crowd.live(databases[0], each, number))
        crowd.done.set()
    record_property("trials", dict(crowd.trials))
    assert crowd.trials["fresh"] == CROWD * ROUNDS * 4
    assert crowd.trials["meanwhile"] > len(crowd.engines)


_GRANT: Final = (
    "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
    " VALUES (gen_random_uuid(), $1, 'user', $2, $3, now())"
)
_WITHDRAW: Final = "DELETE FROM grants WHERE organization_id = $1 AND subject_id = $2 AND role_id = $3"
_PERSON: Final = (
    "INSERT INTO users (id, is_active, email_verified, email, epoch, created_at, updated_at, version)"
    " VALUES ($1, true, true, $1::uuid::text, 1, now(), now(), 1)"
)


async def test_a_person_is_looked_at_anew_when_they_appear_are_verified_and_go(databases: list[Database]) -> None:
    user = UserId(uuid7())
    engine = AccessEngine(SqlParts(databases[0]))

    async def seen() -> bool | None:
        await engine.refresh(NOW)
        subject, _ = await engine.known(user, PLATFORM)
        return subject.user.email_verified if subject else None

    async with databases[0].read() as connection:
        assert await seen() is None
        await connection.execute(_PERSON, user)
        assert await seen() is True
        await connection.execute("UPDATE users SET email_verified = false WHERE id = $1", user)
        assert await seen() is False
        await connection.execute("DELETE FROM users WHERE id = $1", user)
        assert await seen() is None


async def test_a_service_account_is_looked_at_anew_when_it_appears_is_deactivated_and_goes(
    databases: list[Database],
) -> None:
    account, role, engine = uuid7(), uuid7(), AccessEngine(SqlParts(databases[0]))

    async def may() -> bool | None:
        await engine.refresh(NOW)
        subject, _ = await engine.known(UserId(account), PLATFORM)
        return decide(subject, Question("doc:read"), BEGINNING).value == "allowed" if subject else None

    async with databases[0].read() as connection:
        run = connection.execute
        assert await may() is None
        await run("INSERT INTO service_accounts VALUES ($1, $2, 'Robot', '', true, now(), now(), 1)", account, PLATFORM)
        assert await may() is False
        await run("INSERT INTO roles (id, permissions, name) VALUES ($1, '{doc:read}', 'reader')", role)
        await run(_GRANT.replace("'user'", "'service_account'"), PLATFORM, account, role)
        assert await may() is True
        for active in (False, True):
            await run("UPDATE service_accounts SET is_active = $2 WHERE id = $1", account, active)
            assert await may() is active
        await run("UPDATE grants SET subject_type = 'user' WHERE subject_id = $1", account)
        assert await may() is False
        await run("UPDATE grants SET subject_type = 'service_account' WHERE subject_id = $1", account)
        assert await may() is True
        await run("DELETE FROM service_accounts WHERE id = $1", account)
        assert await may() is None
        assert not await connection.fetchval("SELECT count(*) FROM grants WHERE subject_id = $1", account)
