"""Grants in memory, and what they are about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.pipeline import Gate
from domain.access.errors import GrantExists, GrantNotFound
from domain.access.facade import Place, Subject
from domain.access.holding import Holding
from domain.access.models import Grant, keeper
from domain.access.repositories import Grantees, Grants, Places
from domain.kernel.access import Access, Actor
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, ResourceId, RoleId, TeamId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Message
from tests.support.memory.identity import USERS
from tests.support.memory.roles import MemoryRoles
from tests.support.memory.store import Memory
from tests.support.memory.tables import (
    GRANTS,
    MEMBERSHIPS,
    RESOURCES,
    TEAM_MEMBERS,
    TEAMS,
    VISIBILITY_CONTENTS,
    VISIBILITY_MEMBERS,
)
from tests.support.memory.work import MemoryTables, MemoryWork


def teams_of(tables: MemoryTables, user_id: UserId, organizations: Collection[OrganizationId]) -> set[UUID]:
    """Return the teams whose grants reach the person: theirs, and those above them."""
    mine = {each.team_id for each in tables.table(TEAM_MEMBERS).values() if each.user_id == user_id}
    teams = [each for each in tables.table(TEAMS).values() if each.organization_id in organizations]
    return {part for each in teams if each.id in mine for part in each.path}


@dataclass(frozen=True, slots=True)
class MemoryGrants(Grants):
    work: MemoryWork

    async def reaching(self, user_id: UserId, organization_id: OrganizationId) -> Sequence[Grant]:
        teams = teams_of(await self.work.begin(), user_id, {organization_id, PLATFORM})
        subjects = {Subject("user", user_id), *(Subject("team", each) for each in teams)}
        return [
            each
            for each in await self._all()
            if each.subject in subjects
            and (
                each.place.organization_id == organization_id
                or (each.place.organization_id == PLATFORM and each.place.resource_id is None)
            )
        ]

    async def get(self, organization_id: OrganizationId, grant_id: GrantId) -> Grant:
        for each in await self._all():
            if each.id == grant_id and each.place.organization_id == organization_id:
                return each
        raise GrantNotFound

    async def find(self, place: Place, subject: Subject, role_id: RoleId, effect: str) -> Grant | None:
        sought = (subject, place.organization_id, place.resource_id, role_id, effect)
        return next((each for each in await self._all() if _key(each) == sought), None)

    async def of(self, organization_id: OrganizationId, subject: Subject) -> Sequence[Grant]:
        return [
            each
            for each in await self._all()
            if each.subject == subject and each.place.organization_id == organization_id
        ]

    async def keepers(self, organization_id: OrganizationId) -> Mapping[UserId, bool]:
        users = (await self.work.begin()).table(USERS)
        found = {
            UserId(each.subject.id): users.get(each.subject.id)
            for each in await self._all()
            if each.place == Place(organization_id)
            and each.role_id == keeper(organization_id)
            and not each.denies
            and each.suffices(each.place)
        }
        return {user_id: user.is_active for user_id, user in found.items() if user}

    async def kept_alone(self, user_id: UserId) -> Collection[OrganizationId]:
        places = {each.place.organization_id for each in await self._all()} - {PLATFORM}
        kept = {each: await self.keepers(each) for each in sorted(places)}
        return [
            place
            for place, keepers in kept.items()
            if user_id in keepers and not any(active for each, active in keepers.items() if each != user_id)
        ]

    async def denied(self, role_ids: Collection[RoleId]) -> bool:
        return any(each.denies and each.role_id in role_ids for each in await self._all())

    async def add(self, grant: Grant) -> None:
        if any(_key(each) == _key(grant) for each in await self._all()):
            raise GrantExists
        (await self.work.begin()).table(GRANTS).put(grant.id, grant)

    async def remove(self, grant: Grant) -> None:
        (await self.work.begin()).table(GRANTS).remove(grant.id)

    async def _all(self) -> list[Grant]:
        return (await self.work.begin()).table(GRANTS).values()


@dataclass(frozen=True, slots=True)
class MemoryGrantees(Grantees):
    work: MemoryWork

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        tables = await self.work.begin()
        match subject.type:
            case "user" if organization_id == PLATFORM:
                return tables.table(USERS).get(subject.id) is not None
            case "user":
                return any(
                    (each.organization_id, each.user_id) == (organization_id, subject.id)
                    for each in tables.table(MEMBERSHIPS).values()
                )
            case "team":
                return any(
                    (each.organization_id, each.id) == (organization_id, subject.id)
                    for each in tables.table(TEAMS).values()
                )
        return False

    async def teams(self, organization_id: OrganizationId, user_id: UserId) -> Collection[TeamId]:
        return {TeamId(each) for each in teams_of(await self.work.begin(), user_id, {organization_id})}


@dataclass(frozen=True, slots=True)
class MemoryPlaces(Places):
    work: MemoryWork

    async def find(self, organization_id: OrganizationId, type: str, external_id: str) -> ResourceId | None:  # noqa: A002 - as in `Places`
        sought = (organization_id, type, external_id)
        for each in (await self.work.begin()).table(RESOURCES).values():
            if (each.organization_id, each.type, each.external_id) == sought:
                return ResourceId(each.id)
        return None

    async def paths(
        self, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Mapping[ResourceId, Sequence[ResourceId]]:
        rows = (await self.work.begin()).table(RESOURCES).values()
        return {
            each.id: each.path for each in rows if each.organization_id == organization_id and each.id in resource_ids
        }

    async def seen(self, resource_id: ResourceId, user_id: UserId) -> bool:
        tables = await self.work.begin()
        resource = tables.table(RESOURCES).get(resource_id)
        if resource.wall_id is None or resource.owner_id == user_id:
            return True
        subjects = {user_id, *teams_of(tables, user_id, {resource.organization_id})}
        contents = tables.table(VISIBILITY_CONTENTS).values()
        groups = {each.group_id for each in contents if each.resource_id == resource.wall_id}
        members = tables.table(VISIBILITY_MEMBERS).values()
        return any(each.group_id in groups and {each.user_id, each.team_id} & subjects for each in members)


@dataclass(frozen=True, slots=True)
class GrantGate(Gate):
    """Asks what the actor holds in the whole organization, by what was committed."""

    memory: Memory
    clock: Clock

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        organization_id = PLATFORM if access.within is None else getattr(message, access.within)
        work = MemoryWork(self.memory, self.clock)
        grants = MemoryGrants(work)
        held = Holding(MemoryRoles(work), grants, MemoryPlaces(work), self.clock)
        if access.permission and await held.holds(actor, Place(organization_id), access.permission):
            return
        belongs = await MemoryGrantees(work).includes(organization_id, Subject("user", actor.user_id))
        if access.within and not belongs and not await grants.reaching(actor.user_id, organization_id):
            raise OrganizationNotFound
        if access.permission:
            raise Forbidden


def _key(grant: Grant) -> tuple[object, ...]:
    place = grant.place
    return grant.subject, place.organization_id, place.resource_id, grant.role_id, grant.effect
