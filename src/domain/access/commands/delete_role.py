"""Delete a role."""

from domain.access.editing import Editing
from domain.access.errors import NotHeld, RoleIsSystem, RoleNotFound
from domain.access.events import RoleDeleted
from domain.access.repositories import Roles
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, RoleId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeleteRole(Command[None]):
    """Delete a role of an organization, and every grant of it; nothing inherits from it any more.

    If it, or a role that inherits from it, is denied to somebody, whoever deletes it must hold everything in it.
    """

    organization_id: OrganizationId
    role_id: RoleId
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ROLES_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, RoleIsSystem, RoleNotFound, NotHeld, PreconditionFailed, ConcurrentChange),
    emits=(RoleDeleted,),
    audit="access.role.delete",
    simulated=True,
)
class DeleteRoleInteractor:
    roles: Roles
    editing: Editing
    events: Events
    clock: Clock

    async def __call__(self, request: DeleteRole, actor: Actor) -> None:
        organization_id = request.organization_id
        await self.roles.lock(organization_id)
        role = await self.roles.get(organization_id, request.role_id)
        if role.is_system:
            raise RoleIsSystem
        if request.expected_version not in {None, role.version}:
            raise PreconditionFailed
        deleted = RoleDeleted(
            organization_id=organization_id, role_id=role.id, name=role.name, occurred_at=self.clock.now()
        )
        self.events.emit(deleted, of=role)
        await self.editing.remove(actor, role)
