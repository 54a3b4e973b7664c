"""Decisions: from memory, as of now, in batches and as lists, beside stock pycasbin and a bare statement."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import casbin
import uvloop

from benchmarks.ground import Ground
from benchmarks.table import Row, Spread
from core.access.decisions import EngineDecisions
from core.access.engine import NOW, AccessEngine
from core.clock import SystemClock
from core.postgres.access_lists import SqlAccessLists
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from domain.access.asking import Circumstances, Entity, Evaluation
from domain.access.engine.deciding import Outcome, Question, decide
from domain.access.ports import Listing
from domain.access.queries.evaluate_many import EvaluateMany, EvaluateManyInteractor
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId, ResourceId, SessionId, UserId, uuid7

ROUNDS: Final = 5
CHECKS: Final = 5_000
ALONE: Final = 300
WAITING: Final = 128
BATCH: Final = 1_000
SIZES: Final = (1_000, 100_000)
LISTED: Final = 100_000
PER_PERSON: Final = 20
"""Grants of each person, each on a resource."""
MODEL: Final = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
"""
EMPTY: Final = "TRUNCATE organizations, users, access_changes CASCADE"
PLATFORM: Final = """
INSERT INTO organizations VALUES ('00000000-0000-7000-8000-000000000001', 'Platform', 'platform', now(), now(), 1)
"""
ORGANIZATION: Final = "INSERT INTO organizations VALUES ($1, 'Office', 'office', now(), now(), 1)"
ROLE: Final = """
INSERT INTO roles (id, organization_id, name, permissions) VALUES ($1, $2, 'reader', '{document:read}')
"""
PEOPLE: Final = ("id", "email", "email_verified", "is_active", "epoch", "created_at", "updated_at", "version")
THINGS: Final = ("id", "organization_id", "type", "external_id", "path", "created_at", "updated_at", "version")
GRANTS: Final = ("id", "organization_id", "subject_type", "subject_id", "role_id", "resource_id", "created_at")


@dataclass
class World:
    """An organization with people, each of whom was granted something on resources of their own."""

    organization: OrganizationId
    people: list[UserId]
    things: list[ResourceId]
    seconds: float
    """How long it took to write."""

    def things_of(self, person: int) -> list[ResourceId]:
        """Return what a person was granted something on."""
        return self.things[person * PER_PERSON : (person + 1) * PER_PERSON]


def run(ground: Ground) -> Iterable[Row]:
    """Compare what the engine says with what others take to say it."""
    return uvloop.run(_measure(ground))


async def _measure(ground: Ground) -> list[Row]:
    rows: list[Row] = []
    async with ground.database() as database:
        for grants in SIZES:
            world = await _written(database, grants)
            rows.append(Row("access", f"write {grants:,} grants and resources", f"{world.seconds:.1f} s"))
            rows += await _checks(database, world, grants)
            rows += _casbin(world, grants)
            if grants == LISTED:
                rows += await _as_of_now(database, world)
                rows += await _batches(database, world)
                rows += await _lists(database, world)
    return rows


async def _written(database: Database, grants: int) -> World:
    began, now = perf_counter(), SystemClock().now()
    people = [UserId(uuid7()) for _ in range(grants // PER_PERSON)]
    things = [ResourceId(uuid7()) for _ in range(grants)]
    organization, role = OrganizationId(uuid7()), uuid7()
    connection = await database.connect(statement_timeout="0")
    try:
        await connection.execute(EMPTY)
        await connection.execute(PLATFORM)
        await connection.execute(ORGANIZATION, organization)
        await connection.execute(ROLE, role, organization)
        await _copy(connection, "users", PEOPLE, ((p, f"{p}@x", True, True, 0, now, now, 1) for p in people))
        await _copy(
            connection,
            "resources",
            THINGS,
            ((t, organization, "document", f"d{n}", [t], now, now, 1) for n, t in enumerate(things)),
        )
        await _copy(
            connection,
            "grants",
            GRANTS,
            (
                (uuid7(), organization, "user", people[n // PER_PERSON], role, thing, now)
                for n, thing in enumerate(things)
            ),
        )
        for table in ("users", "resources", "grants"):
            await connection.execute(f"ANALYZE {table}", timeout=60)
    finally:
        await connection.close()
    return World(organization, people, things, perf_counter() - began)


async def _copy(connection: Any, table: str, columns: Iterable[str], records: Iterable[Any]) -> None:
    await connection.copy_records_to_table(table, columns=list(columns), records=records, timeout=300)


async def _checks(database: Database, world: World, grants: int) -> list[Row]:
    engine = AccessEngine(SqlParts(database))
    await engine.refresh(NOW)
    now, warm = SystemClock().now(), min(len(world.people), 50)
    times: list[float] = []
    for number in range(CHECKS + warm * PER_PERSON):
        person = number // PER_PERSON % warm
        thing = world.things_of(person)[number % PER_PERSON]
        began = perf_counter()
        await engine.refresh()
        subject, things = await engine.known(world.people[person], world.organization, (thing,))
        assert subject
        allowed = decide(subject, Question("document:read", things[thing]), now) is Outcome.ALLOWED
        times.append(perf_counter() - began)
        assert allowed
    cold = [each for each in times if each > 0.0002][: warm * PER_PERSON]
    kept = sorted(times[-CHECKS:])
    figure = f"p50 {median(kept) * 1e6:.1f} µs, p99 {kept[len(kept) * 99 // 100] * 1e6:.1f} µs"
    met = median(kept) < 50e-6
    return [
        Row("access", f"check from memory, {grants:,} grants", figure, "-", None, "p50 < 50 µs", met),
        Row("access", f"check that loads, {grants:,} grants", f"p50 {median(cold or [0]) * 1e3:.2f} ms"),
    ]


def _casbin(world: World, grants: int) -> list[Row]:
    if grants > SIZES[0] * 10:
        return [Row("access", f"stock pycasbin, {grants:,} rules", "not tried: it looks at every rule")]
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL))
    rules = [[str(world.people[n // PER_PERSON]), str(each), "read"] for n, each in enumerate(world.things)]
    enforcer.add_policies(rules)
    times = []
    for rule in rules[-5:]:
        began = perf_counter()
        assert enforcer.enforce(*rule)
        times.append(perf_counter() - began)
    return [Row("access", f"stock pycasbin, {grants:,} rules", f"{median(times) * 1e3:,.1f} ms a check")]


async def _timed(work: Callable[[], Awaitable[Any]], at_once: int, times: int) -> list[float]:
    found: list[float] = []

    async def one() -> None:
        began = perf_counter()
        await work()
        found.append(perf_counter() - began)

    for _ in range(times):
        await asyncio.gather(*(one() for _ in range(at_once)))
    return found


async def _as_of_now(database: Database, world: World) -> list[Row]:
    engine, now = AccessEngine(SqlParts(database)), SystemClock().now()
    person, thing = world.people[0], world.things[0]

    async def asked() -> None:
        await engine.refresh(NOW)
        subject, things = await engine.known(person, world.organization, (thing,))
        assert subject
        assert decide(subject, Question("document:read", things[thing]), now) is Outcome.ALLOWED

    async def bare() -> None:
        async with database.read() as connection:
            await connection.fetchval("SELECT 1")

    rows = []
    for at_once, times in ((1, ALONE), (WAITING, ALONE // 10)):
        ours, theirs = list[float](), list[float]()
        for _ in range(ROUNDS + 1):
            ours.append(median(await _timed(asked, at_once, times)) * 1e3)
            theirs.append(median(await _timed(bare, at_once, times)) * 1e3)
        mine, base = Spread(ours[1:]), Spread(theirs[1:])
        rows.append(
            Row(
                "access",
                f"check as of now, {at_once} waiting, p50",
                mine.text(2, " ms"),
                f"SELECT 1: {base.text(2, ' ms')}",
                mine.over(base),
            )
        )
    return rows


async def _batches(database: Database, world: World) -> list[Row]:
    engine = AccessEngine(SqlParts(database))
    many = EvaluateManyInteractor(EngineDecisions(engine, SqlAccessLists(database)), SystemClock())
    person = world.people[0]
    where = Circumstances(world.organization)
    subject = Entity("user", str(person))
    questions = [Evaluation(subject, "read", Entity("document", f"d{n}"), None, where) for n in range(BATCH)]
    await _join(database, world, person)
    actor = Actor(person, SessionId(uuid7()), world.organization, 0)
    rates = []
    for _ in range(ROUNDS + 1):
        began = perf_counter()
        found = await many(EvaluateMany(evaluations=questions), actor)
        rates.append(BATCH / (perf_counter() - began))
        assert sum(each.decision for each in found.evaluations) == PER_PERSON
    first, later = rates[0], Spread(rates[1:])
    return [
        Row("access", f"batch of {BATCH:,}, decisions", later.text(0, "/s"), f"first, from Postgres: {first:,.0f}/s")
    ]


async def _lists(database: Database, world: World) -> list[Row]:
    decisions = EngineDecisions(AccessEngine(SqlParts(database)), SqlAccessLists(database))
    few, everybody = world.people[1], world.people[2]
    async with database.read() as connection:
        role = await connection.fetchval("SELECT id FROM roles WHERE organization_id = $1", world.organization)
        await connection.execute(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
            " VALUES ($1, $2, 'user', $3, $4, now())",
            uuid7(),
            world.organization,
            everybody,
            role,
        )
    await decisions.engine.refresh(NOW)
    rows = []
    for named, person, expected in (("20 of", few, PER_PERSON), ("all of", everybody, len(world.things))):
        times, count = list[float](), 0
        who = (person, world.organization)
        listing = Listing(who, who, "document", "document:read", {})
        after: ResourceId | None = None
        while True:
            began = perf_counter()
            page = await decisions.resources(listing, after, 1000, SystemClock().now())
            times.append(perf_counter() - began)
            count += len(page)
            if len(page) < 1000:
                break
            after = page[-1][0]
        assert count == expected
        figure = f"{sum(times) * 1e3:,.0f} ms in {len(times)} pages, p50 {median(times) * 1e3:.1f} ms a page"
        rows.append(Row("access", f"list {named} {len(world.things):,} resources", figure))
    return rows


async def _join(database: Database, world: World, person: UUID) -> None:
    async with database.read() as connection:
        await connection.execute(
            "INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", uuid7(), world.organization, person
        )
