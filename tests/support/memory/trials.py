"""Changes that are tried in memory: all of it is compared, before and after."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from dishka import AsyncContainer

from core.pipeline import Call, Gate
from domain.access.asking import Entity
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide, may_bypass, sees
from domain.access.engine.parts import Key, RolePart
from domain.access.models import Grant
from domain.access.simulating.ports import Other, Others, Trial, Trials, Wanted
from domain.access.simulating.states import Altered, Candidate, Parts, altered, subject_of, things_of
from domain.kernel.access import Actor
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, ResourceId, UserId
from domain.kernel.usecases import Command, use_case
from tests.support.access.parts import part_of
from tests.support.access.worlds import (
    Content,
    Granted,
    Inherits,
    Membership,
    Resource,
    Role,
    ServiceAccount,
    Team,
    TeamMember,
    User,
    Viewer,
    World,
)
from tests.support.memory.identity import USERS
from tests.support.memory.roles import every_role
from tests.support.memory.store import Memory
from tests.support.memory.tables import (
    GRANTS,
    MEMBERSHIPS,
    RESOURCES,
    SERVICE_ACCOUNTS,
    TEAM_MEMBERS,
    TEAMS,
    VISIBILITY_CONTENTS,
    VISIBILITY_MEMBERS,
)
from tests.support.memory.work import MemoryTables, MemoryWork


@dataclass(frozen=True, slots=True)
class MemoryTrials(Trials):
    container: AsyncContainer
    gate: Gate
    memory: Memory

    @asynccontextmanager
    async def of(self, change: Command[Any], actor: Actor, wanted: Wanted) -> AsyncIterator[Trial]:
        case = use_case(type(change))
        assert case.simulated
        if case.access.permission or case.access.within:
            await self.gate.check(case.access, actor, change)
        before = parts_of(world_of(MemoryTables(self.memory)))
        async with self.container(context={Call: Call()}) as scope:
            work = await scope.get(MemoryWork)
            await (await scope.get(case.interactor))(change, *([actor] if case.takes else []))
            after = parts_of(world_of(await work.begin()))
            await work.rollback()
        yield self._compared(before, after, actor.user_id, wanted)

    def _compared(self, before: Parts, after: Parts, asker_id: UserId, wanted: Wanted) -> "_Trial":
        def candidate(user_id: UserId) -> Candidate:
            return Candidate(user_id, *(subject_of(each, user_id, wanted.organization_id) for each in (before, after)))

        keys, asker = before.keys() | after.keys(), candidate(asker_id)
        if asker.before is None:
            raise OrganizationNotFound
        ids = sorted(UserId(each.id) for each in keys if each.scope == "user")
        ids = [each for each in ids if wanted.subject in {None, each} and (not wanted.after or each > wanted.after)]
        resources = {ResourceId(each.id) for each in keys if each.scope == "resource"}
        things = [things_of(each, resources, wanted.organization_id) for each in (before, after)]
        roles = [each for each in (*before.values(), *after.values()) if isinstance(each, RolePart)]
        places = {None, PLATFORM, wanted.organization_id}
        return _Trial(
            asker=asker,
            people=[candidate(each) for each in ids[: wanted.most] if self._sees(asker.before, each, wanted)],
            last=ids[wanted.most - 1] if len(ids) > wanted.most else None,
            altered=altered(*things),
            permissions={name for each in roles if each.organization_id in places for name in each.permissions},
            same=[things[0][each] for each in sorted(resources) if things[1].get(each) == things[0].get(each, 0)],
            now=wanted.now,
        )

    def _sees(self, mine: Subject, user_id: UserId, wanted: Wanted) -> bool:
        rows = self.memory.table(VISIBILITY_CONTENTS).values()
        hiding = {each.group_id for each in rows if each.user_id == user_id}
        return mine.id == user_id or not hiding or bool(hiding & mine.groups) or may_bypass(mine, wanted.now)


@dataclass(frozen=True, slots=True)
class _Trial(Trial):
    asker: Candidate
    people: Sequence[Candidate]
    last: UserId | None
    altered: Sequence[Altered]
    permissions: Collection[str]
    same: Sequence[Thing]
    now: datetime

    async def others(self, wanted: Others) -> Sequence[Other]:
        found: list[Other] = []
        for thing in self.same:
            assert thing.id
            gained = [self._gained(wanted, thing, *each) for each in wanted.permissions]
            if (wanted.since is None or thing.id >= wanted.since) and any(each is not None for each in gained):
                found.append(Other(thing.id, Entity(thing.type, thing.external_id), gained))
        return found[: wanted.most]

    def _gained(self, wanted: Others, thing: Thing, permission: str, type_: str | None) -> bool | None:
        candidate, mine = wanted.candidate, self.asker.before
        question = Question(permission, thing, wanted.context)
        was, now = [
            each is not None and decide(each, question, self.now) is Outcome.ALLOWED
            for each in (candidate.before, candidate.after)
        ]
        shown = (mine and sees(mine, thing, self.now)) or (was and mine and mine.id == candidate.id)
        return now if shown and was != now and type_ in {None, thing.type} else None


def world_of(tables: MemoryTables) -> World:
    """Return the rows that decisions are made of, as one command sees them."""
    roles = every_role(tables)
    grants: list[Grant] = tables.table(GRANTS).values()
    return World(
        users=[User(each.id, each.is_active, each.email_verified) for each in tables.table(USERS).values()],
        memberships=[Membership(each.organization_id, each.user_id) for each in tables.table(MEMBERSHIPS).values()],
        teams=[Team(each.id, each.organization_id, _parent(each)) for each in tables.table(TEAMS).values()],
        team_members=[TeamMember(each.team_id, each.user_id) for each in tables.table(TEAM_MEMBERS).values()],
        roles=[Role(each.id, each.organization_id, tuple(each.permissions)) for each in roles],
        inherits=[Inherits(each.id, above) for each in roles for above in each.inherits],
        grants=[_granted(each) for each in grants],
        resources=[_resource(each) for each in tables.table(RESOURCES).values()],
        viewers=[
            Viewer(each.group_id, each.user_id, each.team_id) for each in tables.table(VISIBILITY_MEMBERS).values()
        ],
        contents=[
            Content(each.group_id, each.organization_id, each.resource_id, each.user_id)
            for each in tables.table(VISIBILITY_CONTENTS).values()
        ],
        service_accounts=[
            ServiceAccount(each.id, each.organization_id, each.is_active)
            for each in tables.table(SERVICE_ACCOUNTS).values()
        ],
    )


def parts_of(world: World) -> Parts:
    """Return every part of a world."""
    tables: dict[str, Sequence[Any]] = {
        "user": [*world.users, *world.service_accounts],
        "team": world.teams,
        "role": world.roles,
        "resource": world.resources,
    }
    keys = [Key(scope, each.id) for scope, rows in tables.items() for each in rows]
    return {key: part_of(world, key) for key in keys}


def _parent(row: Any) -> UUID | None:
    return row.path[1] if len(row.path) > 1 else None


def _granted(grant: Grant) -> Granted:
    return Granted(
        id=grant.id,
        organization_id=grant.place.organization_id,
        subject_type=grant.subject.type,
        subject_id=grant.subject.id,
        role_id=grant.role_id,
        resource_id=grant.place.resource_id,
        below=grant.place.below,
        effect=grant.effect,
        condition=None if grant.condition is None else json.dumps(grant.condition),
        expires_at=grant.expires_at,
    )


def _resource(row: Any) -> Resource:
    return Resource(
        id=row.id,
        organization_id=row.organization_id,
        type=row.type,
        external_id=row.external_id,
        owner_id=row.owner_id,
        parent_id=_parent(row),
        attributes=json.dumps(dict(getattr(row, "attributes", {}))),
    )
