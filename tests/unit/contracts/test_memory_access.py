"""Roles and grants in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from domain.access.facade import Subject
from domain.access.granting import Granting
from domain.access.holding import Holding
from domain.identity.models import EmailAddress, User
from domain.kernel.ids import OrganizationId, ResourceId, TeamId, UserId, uuid7
from domain.resources.models import Parent, Resource, ResourceKey
from tests.contracts.access import NOW, Ports
from tests.contracts.assignments import AssignmentsContract
from tests.contracts.authority import AuthorityContract
from tests.contracts.grant_lists import GrantListsContract, RoleListsContract
from tests.contracts.roles_and_grants import GranteesContract, GrantsContract, PlacesContract, RolesContract
from tests.contracts.service_accounts import ServiceAccountsContract
from tests.contracts.walls import GateContract, HidingContract, ResourceSightContract
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.grant_lists import MemoryGrantLists, MemoryRoleLists
from tests.support.memory.grants import MemoryGrantees, MemoryGrants, MemoryHiding, MemoryPlaces
from tests.support.memory.identity import USERS
from tests.support.memory.ports import MovableClock
from tests.support.memory.resources import MemoryResourceReader
from tests.support.memory.roles import MemoryRoles
from tests.support.memory.service_accounts import MemoryServiceAccountLists, MemoryServiceAccounts
from tests.support.memory.sight import GrantGate, MemorySight
from tests.support.memory.store import Memory
from tests.support.memory.tables import (
    MEMBERSHIPS,
    RESOURCES,
    TEAM_MEMBERS,
    TEAMS,
    VISIBILITY_CONTENTS,
    VISIBILITY_MEMBERS,
)
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        self.role_lists = MemoryRoleLists(self.memory)
        self.grant_lists = MemoryGrantLists(self.memory, self.clock)
        self.resource_lists = MemoryResourceReader(self.memory, MemorySight(self.memory, self.clock))
        self.gate = GrantGate(self.memory, self.clock)
        self.account_lists = MemoryServiceAccountLists(self.memory)

    def now(self) -> datetime:
        return self.clock.now()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, self.clock)
        roles, grants, places = MemoryRoles(work), MemoryGrants(work), MemoryPlaces(work)
        granting = Granting(roles, grants, work, self.clock)
        holding = Holding(roles, grants, places, self.clock)
        accounts = MemoryServiceAccounts(work)
        try:
            yield Ports(
                work, roles, grants, MemoryGrantees(work), places, MemoryHiding(work), granting, holding, accounts
            )
            await work.commit()
        finally:
            await work.rollback()

    async def person(self) -> UserId:
        made = User(email=EmailAddress(f"{uuid7()}@example.com"), created_at=NOW, updated_at=NOW)
        self.memory.table(USERS)[made.id] = made
        return made.id

    async def deactivate(self, user_id: UserId) -> None:
        self.memory.table(USERS)[user_id].is_active = False

    async def organization(self) -> OrganizationId:
        made = OrganizationId(uuid7())
        self.memory.table(ORGANIZATIONS)[made] = SimpleNamespace(id=made)
        return made

    async def member(self, organization_id: OrganizationId, user_id: UserId) -> None:
        row = SimpleNamespace(organization_id=organization_id, user_id=user_id)
        self.memory.table(MEMBERSHIPS)[organization_id, user_id] = row

    async def team(
        self, organization_id: OrganizationId, *members: UserId, within: tuple[TeamId, ...] = ()
    ) -> tuple[TeamId, ...]:
        made = TeamId(uuid7())
        path = (made, *within)
        self.memory.table(TEAMS)[made] = SimpleNamespace(id=made, organization_id=organization_id, path=path)
        for each in members:
            self.memory.table(TEAM_MEMBERS)[made, each] = SimpleNamespace(team_id=made, user_id=each)
        return path

    async def resource(
        self, organization_id: OrganizationId, name: str, within: tuple[ResourceId, ...] = (), **more: Any
    ) -> tuple[ResourceId, ...]:
        made = ResourceId(uuid7())
        path = (made, *within)
        rows: dict[ResourceId, Resource] = self.memory.table(RESOURCES)
        rows[made] = Resource(
            id=made,
            organization_id=organization_id,
            key=ResourceKey("document", name),
            parent=Parent(within[0], rows[within[0]].key) if within else None,
            path=path,
            attributes={},
            created_at=NOW,
            updated_at=NOW,
            **{"owner_id": None} | more,
        )
        return path

    async def group(
        self,
        organization_id: OrganizationId,
        contents: Sequence[ResourceId],
        members: Sequence[Subject],
        people: Sequence[UserId] = (),
    ) -> None:
        group_id = uuid7()
        for user_id in people:
            hidden = SimpleNamespace(
                group_id=group_id, organization_id=organization_id, resource_id=None, user_id=user_id
            )
            self.memory.table(VISIBILITY_CONTENTS)[group_id, user_id] = hidden
        for each in contents:
            row = SimpleNamespace(group_id=group_id, organization_id=organization_id, resource_id=each, user_id=None)
            self.memory.table(VISIBILITY_CONTENTS)[group_id, each] = row
            self.memory.table(RESOURCES)[each].wall_id = each
        for subject in members:
            seats = {"user_id": None, "team_id": None} | {f"{subject.type}_id": subject.id}
            self.memory.table(VISIBILITY_MEMBERS)[group_id, subject.id] = SimpleNamespace(group_id=group_id, **seats)


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryAssignments(AssignmentsContract):
    pass


class TestMemoryAuthority(AuthorityContract):
    pass


class TestMemoryRoles(RolesContract):
    pass


class TestMemoryGrants(GrantsContract):
    pass


class TestMemoryGrantees(GranteesContract):
    pass


class TestMemoryPlaces(PlacesContract):
    pass


class TestMemoryRoleLists(RoleListsContract):
    pass


class TestMemoryGrantLists(GrantListsContract):
    pass


class TestMemoryHiding(HidingContract):
    pass


class TestMemoryResourceSight(ResourceSightContract):
    pass


class TestGrantGate(GateContract):
    pass


class TestMemoryServiceAccounts(ServiceAccountsContract):
    pass
