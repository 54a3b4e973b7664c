"""What somebody sees and may do, by what was committed to memory."""

from dataclasses import dataclass
from typing import Any, Protocol

from core.pipeline import Gate
from domain.access.facade import Place, Subject
from domain.access.holding import Holding
from domain.access.looking import Looking
from domain.kernel.access import Access, Actor, Permission
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Message
from domain.resources.errors import ResourceNotFound
from tests.support.memory.grants import MemoryGrantees, MemoryGrants, MemoryHiding, MemoryPlaces
from tests.support.memory.roles import MemoryRoles
from tests.support.memory.store import Memory
from tests.support.memory.tables import RESOURCES
from tests.support.memory.work import MemoryWork


class Sight(Protocol):
    """Tell what an actor sees; resources are rows."""

    async def open(self, actor: Actor, resource: Any) -> bool:
        """Return whether no wall hides the resource."""

    async def reads(self, actor: Actor, resource: Any) -> bool:
        """Return whether the actor may read the resource."""

    async def knows(self, actor: Actor, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Return whether no wall hides the person."""


class Unhindered(Sight):
    """Sees everything."""

    async def open(self, actor: Actor, resource: Any) -> bool:
        return True

    async def reads(self, actor: Actor, resource: Any) -> bool:
        return True

    async def knows(self, actor: Actor, organization_id: OrganizationId, user_id: UserId) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class MemorySight(Sight):
    """Sees what no wall hides, and reads what it may read there."""

    memory: Memory
    clock: Clock

    async def open(self, actor: Actor, resource: Any) -> bool:
        return not await self._looking.hidden(actor, resource.organization_id, {resource.id})

    async def reads(self, actor: Actor, resource: Any) -> bool:
        return await self.may(actor, resource, Permission.RESOURCES_READ)

    async def knows(self, actor: Actor, organization_id: OrganizationId, user_id: UserId) -> bool:
        return not await self._looking.hidden_people(actor, organization_id, {user_id})

    async def may(self, actor: Actor, resource: Any, permission: Permission) -> bool:
        """Return whether the actor holds the permission on the resource, which they see."""
        place = Place(resource.organization_id, resource.id)
        return await self.open(actor, resource) and await self.holding.holds(actor, place, permission)

    @property
    def holding(self) -> Holding:
        """What people hold, by what was committed."""
        work = MemoryWork(self.memory, self.clock)
        return Holding(MemoryRoles(work), MemoryGrants(work), MemoryPlaces(work), self.clock)

    @property
    def _looking(self) -> Looking:
        return Looking(MemoryHiding(MemoryWork(self.memory, self.clock)), self.holding)


@dataclass(frozen=True, slots=True)
class GrantGate(Gate):
    """Asks what the actor holds, by what was committed."""

    memory: Memory
    clock: Clock

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        named = getattr(message, access.within) if access.within else None
        organization_id = named or PLATFORM
        sight = MemorySight(self.memory, self.clock)
        wide = access.permission if access.on is None else None
        if wide and await sight.holding.holds(actor, Place(organization_id), wide):
            return
        if named and not await self._belongs(actor, organization_id):
            raise OrganizationNotFound
        if access.on and access.permission:
            resource = self.memory.table(RESOURCES).get(getattr(message, access.on))
            if resource is None or resource.organization_id != organization_id:
                raise ResourceNotFound
            if await sight.may(actor, resource, access.permission):
                return
            if not await sight.reads(actor, resource):
                raise ResourceNotFound
        if access.permission:
            raise Forbidden

    async def _belongs(self, actor: Actor, organization_id: OrganizationId) -> bool:
        work = MemoryWork(self.memory, self.clock)
        if await MemoryGrantees(work).includes(organization_id, Subject("user", actor.user_id)):
            return True
        return bool(await MemoryGrants(work).reaching(actor.user_id, organization_id))
