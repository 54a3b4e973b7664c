"""Simulated changes beside measured ones, on Postgres: the oracle says before and after what everybody may do."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from domain.access.answers import Difference
from domain.access.asking import Entity
from domain.access.models import SUPERUSER
from domain.access.paging import Page
from domain.access.queries.simulate_change import SimulateChange
from domain.kernel.access import Permission
from domain.kernel.errors import DomainError, Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.usecases import Command
from tests.support.access import oracle, rows
from tests.support.access.changing import (
    ASKED,
    BYPASS,
    CONTEXTS,
    GROUPS,
    ORGANIZATIONS,
    SERVICE_ACCOUNTS,
    build,
    home,
)
from tests.support.access.plans import Plans
from tests.support.access.worlds import World, path, row
from tests.support.served import GRANT, USER, Served

ROOT, CLERK = UUID(int=(11 << 64) + 1), UUID(int=(11 << 64) + 2)
"""One may do everything. The other may do much in every organization, but does not see behind walls."""
CLERKS: Final = UUID(int=(11 << 64) + 3)
POWERS: Final = [str(each) for each in Permission if each not in {BYPASS, Permission.ORGANIZATIONS_OWN}]
EMPTY: Final = """
TRUNCATE users, grants, outbox, audit_pending, jobs, access_changes, memberships, teams, team_members, resources,
    visibility_groups, service_accounts, revocations CASCADE;
DELETE FROM roles WHERE seeded IS NULL;
DELETE FROM organizations WHERE id <> '00000000-0000-7000-8000-000000000001';
UPDATE roles SET permissions = seeded;
"""
JOIN: Final = "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)"

Name = tuple[str, str] | None
Told = frozenset[tuple[UUID, str, Name, bool]]
"""Who gains or loses which permission on what."""


@dataclass
class Compared(Served):
    """Compares what is simulated with what is measured, in random worlds."""

    compared: Counter[str] = field(default_factory=Counter)

    async def begin(self, random: Random) -> None:
        """Make a random world of an empty database."""
        await self.connection.execute(EMPTY)
        await rows.furnish(self.connection)
        await rows.write(self.connection, World(), build(random))
        for each in (ROOT, CLERK):
            await self.connection.execute(USER, each)
        await self.connection.execute(GRANT, PLATFORM, ROOT, SUPERUSER)
        await self.connection.execute(
            "INSERT INTO roles (id, organization_id, permissions, name) VALUES ($1, NULL, $2, 'clerk')",
            CLERKS,
            [*POWERS, *(each for each in ASKED if each != BYPASS)],
        )
        for organization in ORGANIZATIONS[1:]:
            await self.connection.execute(JOIN, organization, CLERK)
            await self.connection.execute(GRANT, organization, CLERK, CLERKS)

    async def plan(self, random: Random) -> "Case | None":
        """Plan something; None if there is nothing to be planned."""
        world = await rows.read(self.connection)
        known = [each["id"] for each in await self.connection.fetch("SELECT id FROM organizations")]
        organization = random.choice([each for each in ORGANIZATIONS[1:] if each in known] or [PLATFORM])
        names = {each["id"]: each["name"] for each in await self.connection.fetch("SELECT id, name FROM roles")}
        change = Plans(random, world, OrganizationId(organization), names).any()
        by = ROOT if organization == PLATFORM else random.choice([ROOT, CLERK, CLERK])
        if change is None or not row(world.users, by):
            return None
        elsewhere = by == ROOT and random.random() < 0.1
        where = random.choice(ORGANIZATIONS) if elsewhere else organization
        return Case(change, by, OrganizationId(where), random.randrange(len(CONTEXTS)), random.choice([1, 2, 100]))

    async def check(self, case: "Case", random: Random) -> None:
        """Simulate a change, make it, and compare; a change that is refused has to be refused in both."""
        before, hidden, now = await rows.read(self.connection), await self.hidden(), datetime.now(UTC)
        told = await self.outcome(self.simulated(case, random))
        made = await self.outcome(self.send(case.change, UserId(case.by)))
        after = await rows.read(self.connection)
        simulate = Permission.ACCESS_SIMULATE.value
        if oracle.decide(before, case.by, case.organization_id, simulate, None, {}, now) != "allowed":
            assert told in {Forbidden, OrganizationNotFound}, (case, told)
            self.compared["may not"] += 1
            return
        if isinstance(made, type):
            assert told is made, (case, told, made)
            self.compared["refused"] += 1
            return
        assert not isinstance(told, type), (case, told)
        right = frozenset(measured(case, before, after, hidden, now))
        wrong = next(iter(told ^ right), None)
        assert wrong is None, (case, told - right, right - told, _about(before, wrong), _about(after, wrong))
        self.compared["changes"] += 1
        self.compared[type(case.change).__name__] += 1
        self.compared["differences"] += len(right)

    async def outcome(self, work: Any) -> Any:
        try:
            return await work
        except DomainError as refusal:
            return type(refusal)

    async def simulated(self, case: "Case", random: Random) -> Told:
        """Return everything that is told, page by page; and about one person once more, asked about alone."""
        told = [each for part in await self.pages(case, None) for each in _told(part)]
        assert len(told) == len({*told})
        if told:
            one = random.choice(told)[0]
            alone = [each for part in await self.pages(case, one) for each in _told(part)]
            assert sorted(map(repr, alone)) == sorted(repr(each) for each in told if each[0] == one)
        return frozenset(told)

    async def pages(self, case: "Case", subject: UUID | None) -> list[Difference]:
        found: list[Difference] = []
        token = ""
        while True:
            asked = SimulateChange(
                organization_id=case.organization_id,
                change=case.change,
                attributes=CONTEXTS[case.context],
                subject=Entity(kind_of(subject), str(subject)) if subject else None,
                page=Page(token, None if token else case.limit),
            )
            page = await self.send(asked, UserId(case.by))
            assert len(page.results) <= case.limit
            found += page.results
            if not (token := page.next):
                return found

    async def hidden(self) -> Mapping[UUID, set[UUID]]:
        """Return in which groups people are hidden."""
        found: dict[UUID, set[UUID]] = {}
        for each in await self.connection.fetch(
            "SELECT user_id, group_id FROM visibility_contents WHERE user_id IS NOT NULL"
        ):
            found.setdefault(each["user_id"], set()).add(each["group_id"])
        return found


@dataclass(frozen=True)
class Case:
    """A planned change, by whom, and what its effect is looked at in."""

    change: Command[Any]
    by: UUID
    organization_id: OrganizationId
    context: int
    limit: int


def measured(
    case: Case, before: World, after: World, hidden: Mapping[UUID, set[UUID]], now: datetime
) -> Iterator[tuple[UUID, str, Name, bool]]:
    """Yield every decision that became another one, as far as whoever asked could see what it is about."""
    places = {None, PLATFORM, case.organization_id}
    written = {name for w in (before, after) for r in w.roles if r.organization_id in places for name in r.permissions}
    permissions = sorted(each for each in {*written, *map(str, Permission)} if not each.endswith("*"))
    things = [_things(world, case.organization_id) for world in (before, after)]
    worlds = (before, after)
    people = {each.id for world in worlds for each in world.users}
    for user in people | {each.id for world in worlds for each in world.service_accounts}:
        if not _sees_person(case, before, user, hidden, now):
            continue
        for name in [None, *things[0].keys() | things[1].keys()]:
            for permission in permissions:
                if name and permission.partition(":")[0] not in {name[0], "resources"}:
                    continue
                was, became = (
                    (name is None or name in known)
                    and _allows(case, world, user, permission, name and known[name], now)
                    for world, known in zip((before, after), things, strict=True)
                )
                if was == became:
                    continue
                world, known = (before, things[0]) if name is None or name in things[0] else (after, things[1])
                seen = name is None or oracle.sees(world, case.by, case.organization_id, known[name], now)
                if seen or (user == case.by and was):
                    yield user, permission, name, became


def _allows(case: Case, world: World, user: UUID, permission: str, resource: UUID | None, now: datetime) -> bool:
    context = CONTEXTS[case.context]
    return oracle.decide(world, user, case.organization_id, permission, resource, context, now) == "allowed"


def _things(world: World, organization_id: UUID) -> Mapping[tuple[str, str], UUID]:
    return {(r.type, r.external_id): r.id for r in world.resources if r.organization_id == organization_id}


def _sees_person(case: Case, world: World, user: UUID, hidden: Mapping[UUID, set[UUID]], now: datetime) -> bool:
    groups = {each for each in hidden.get(user, ()) if home(GROUPS, each) == case.organization_id}
    if not groups or user == case.by or _allows(case, world, case.by, BYPASS, None, now):
        return True
    teams = {above for m in world.team_members if m.user_id == case.by for above in path(world.teams, m.team_id)}
    return any(v.group_id in groups and (v.user_id == case.by or v.team_id in teams) for v in world.viewers)


def kind_of(subject: UUID) -> str:
    """Return what somebody is, by their id."""
    return "service_account" if subject in SERVICE_ACCOUNTS else "user"


def _told(part: Difference) -> Iterator[tuple[UUID, str, Name, bool]]:
    assert part.subject.type == kind_of(UUID(part.subject.id))
    for gained, held in ((True, part.gains), (False, part.loses)):
        for each in held:
            yield UUID(part.subject.id), each.permission, (each.on.type, each.on.id) if each.on else None, gained


def _about(world: World, wrong: Any) -> Any:
    """Return what a decision depends on, to be read."""
    teams = {above for m in world.team_members if m.user_id == wrong[0] for above in path(world.teams, m.team_id)}
    grants = [each for each in world.grants if each.subject_id in {wrong[0], *teams}]
    return grants, world.roles, [each for each in world.resources if wrong[2] and each.external_id == wrong[2][1]]
