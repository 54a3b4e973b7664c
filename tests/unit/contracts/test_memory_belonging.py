"""Teams and visibility groups in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from domain.access.facade import Place
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, TeamId, UserId, uuid7
from tests.contracts.belonging import Ports
from tests.contracts.teams import TeamsContract
from tests.contracts.visibility import VisibilityContract
from tests.support.memory.belonging import add_grant, add_member, add_organization, add_resource, add_role
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.tables import RESOURCES
from tests.support.memory.teams import MemoryInheritance, MemoryTeamLists, MemoryTeamMembers, MemoryTeams
from tests.support.memory.visibility import (
    MemoryContents,
    MemoryViewers,
    MemoryVisibilityGroups,
    MemoryVisibilityLists,
)
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        self.teams = MemoryTeamLists(self.memory)
        self.visibility = MemoryVisibilityLists(self.memory)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, self.clock)
        try:
            yield Ports(
                MemoryTeams(work),
                MemoryTeamMembers(work),
                MemoryInheritance(work, self.clock),
                MemoryVisibilityGroups(work),
                MemoryViewers(work),
                MemoryContents(work),
            )
            await work.commit()
        finally:
            await work.rollback()

    async def organization(self) -> OrganizationId:
        return add_organization(self.memory)

    async def member(self, *organization_ids: OrganizationId) -> UserId:
        made = UserId(uuid7())
        for organization_id in organization_ids:
            add_member(self.memory, organization_id, made)
        return made

    async def granted(
        self, place: Place, team_id: TeamId, role_id: RoleId | None = None, *, effect: str = "allow", days: int = 0
    ) -> RoleId:
        now = self.clock.now()
        role = role_id or add_role(self.memory, place.organization_id, now, "x:read")
        lasts = now + timedelta(days=days) if days else None
        add_grant(self.memory, place, team_id, role, now, effect=effect, expires_at=lasts)
        return role

    async def resource(
        self, organization_id: OrganizationId, parent_id: ResourceId | None = None, owner_id: UserId | None = None
    ) -> ResourceId:
        return add_resource(self.memory, organization_id, parent_id, owner_id)

    async def wall(self, resource_id: ResourceId) -> ResourceId | None:
        found: ResourceId | None = self.memory.table(RESOURCES)[resource_id].wall_id
        return found


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryTeams(TeamsContract):
    pass


class TestMemoryVisibility(VisibilityContract):
    pass
