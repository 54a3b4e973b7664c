"""Grants in memory, and what they are about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.access.errors import GrantExists, GrantNotFound
from domain.access.facade import Place, Subject
from domain.access.models import Grant, keeper
from domain.access.repositories import Grantees, Grants, Hiding, Places
from domain.kernel.access import Eyes
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, ResourceId, RoleId, TeamId, UserId
from tests.support.memory.identity import USERS
from tests.support.memory.tables import (
    GRANTS,
    MEMBERSHIPS,
    RESOURCES,
    SERVICE_ACCOUNTS,
    TEAM_MEMBERS,
    TEAMS,
)
from tests.support.memory.walls import person_seen, resource_seen
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
        rows = {"team": TEAMS, "service_account": SERVICE_ACCOUNTS}.get(subject.type)
        return rows is not None and any(
            (each.organization_id, each.id) == (organization_id, subject.id) for each in tables.table(rows).values()
        )

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


@dataclass(frozen=True, slots=True)
class MemoryHiding(Hiding):
    work: MemoryWork

    async def resources(self, resource_ids: Collection[ResourceId], user_id: UserId) -> Collection[ResourceId]:
        tables, eyes = await self.work.begin(), Eyes(user_id, bypass=False)
        found = [tables.table(RESOURCES).get(each) for each in resource_ids]
        return {each.id for each in found if each and not resource_seen(tables, each, eyes)}

    async def people(
        self, organization_id: OrganizationId, user_ids: Collection[UserId], user_id: UserId
    ) -> Collection[UserId]:
        tables, eyes = await self.work.begin(), Eyes(user_id, bypass=False)
        return {each for each in user_ids if not person_seen(tables, organization_id, each, eyes)}


def _key(grant: Grant) -> tuple[object, ...]:
    place = grant.place
    return grant.subject, place.organization_id, place.resource_id, grant.role_id, grant.effect
