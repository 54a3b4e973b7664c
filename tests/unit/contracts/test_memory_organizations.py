"""Organizations in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.kernel.ids import GroupId, OrganizationId, UserId, uuid7
from tests.contracts.invitations import InvitationsContract
from tests.contracts.organizations import Ports
from tests.contracts.organizations_and_members import (
    MembershipsContract,
    OrganizationListsContract,
    OrganizationsContract,
)
from tests.support.memory.identity import MemoryUsers
from tests.support.memory.organizations import (
    MemoryInvitationReader,
    MemoryInvitations,
    MemoryMemberReader,
    MemoryMemberships,
    MemoryOrganizationReader,
    MemoryOrganizations,
)
from tests.support.memory.ports import MovableClock
from tests.support.memory.store import Memory
from tests.support.memory.tables import VISIBILITY_CONTENTS, VISIBILITY_MEMBERS
from tests.support.memory.visibility import ContentRow, ViewerRow
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.organizations = MemoryOrganizationReader(self.memory)
        self.members = MemoryMemberReader(self.memory)
        self.invited = self.invitations = MemoryInvitationReader(self.memory)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, MovableClock())
        try:
            yield Ports(
                work, MemoryUsers(work), MemoryOrganizations(work), MemoryMemberships(work), MemoryInvitations(work)
            )
            await work.commit()
        finally:
            await work.rollback()

    async def hide(self, organization_id: OrganizationId, user_id: UserId, *viewers: UserId) -> None:
        group_id = GroupId(uuid7())
        content = ContentRow(group_id, organization_id, None, user_id)
        self.memory.table(VISIBILITY_CONTENTS)[content] = content
        for viewer in (ViewerRow(group_id, each, None) for each in viewers):
            self.memory.table(VISIBILITY_MEMBERS)[viewer] = viewer


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryOrganizations(OrganizationsContract):
    pass


class TestMemoryMemberships(MembershipsContract):
    pass


class TestMemoryInvitations(InvitationsContract):
    pass


class TestMemoryOrganizationLists(OrganizationListsContract):
    pass
