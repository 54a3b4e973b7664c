"""Make a role."""

from dataclasses import field

from domain.access.editing import Editing
from domain.access.errors import NotHeld, RoleInvalid, RoleNameTaken, RoleNotFound
from domain.access.events import RoleCreated
from domain.access.models import Role
from domain.access.naming import description, permissions, role_name
from domain.access.repositories import Roles
from domain.access.schemas import Description, Inherited, Permissions, RoleInfo, RoleName
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message


@message
class CreateRole(Command[RoleInfo]):
    """Make a role of an organization.

    Whoever makes it must hold everything in it, in the whole organization and without condition. `inherits` names
    roles of the organization and system roles, in at most 8 levels.
    """

    organization_id: OrganizationId
    name: RoleName
    description: Description = ""
    permissions: Permissions
    inherits: Inherited = field(default_factory=list)


@interactor(
    access=needs(Permission.ROLES_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, RoleInvalid, RoleNameTaken, RoleNotFound, NotHeld),
    emits=(RoleCreated,),
    audit="access.role.create",
    simulated=True,
)
class CreateRoleInteractor:
    roles: Roles
    editing: Editing
    events: Events
    clock: Clock

    async def __call__(self, request: CreateRole, actor: Actor) -> RoleInfo:
        organization_id, now = request.organization_id, self.clock.now()
        role = Role(
            organization_id=organization_id,
            name=role_name(request.name),
            description=description(request.description),
            permissions=permissions(request.permissions),
            created_at=now,
            updated_at=now,
        )
        await self.roles.lock(organization_id)
        await self.editing.free(role)
        role.inherits = await self.editing.inherited(organization_id, request.inherits)
        await self.editing.judge(actor, None, role)
        created = RoleCreated(organization_id=organization_id, role_id=role.id, name=role.name, occurred_at=now)
        self.events.emit(created, of=role)
        await self.roles.add(role)
        return await self.editing.describe(role)
