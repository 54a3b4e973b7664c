"""Change a role."""

from dataclasses import replace

from domain.access.editing import Editing
from domain.access.errors import NotHeld, RoleInvalid, RoleIsSystem, RoleNameTaken, RoleNotFound
from domain.access.events import RoleUpdated
from domain.access.models import Role
from domain.access.naming import description, permissions, role_name
from domain.access.repositories import Roles
from domain.access.schemas import Description, Inherited, Permissions, RoleInfo, RoleName
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, RoleId
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class UpdateRole(Command[RoleInfo]):
    """Change a role of an organization; what is left out stays.

    Whoever adds permissions or roles to inherit from must hold everything added. Taking something out needs no more
    than the permission to change roles, unless the role, or one that inherits from it, is denied to somebody, or the
    caller has not `visibility:bypass`.
    """

    organization_id: OrganizationId
    role_id: RoleId
    name: RoleName | Absent = ABSENT
    description: Description | Absent = ABSENT
    permissions: Permissions | Absent = ABSENT
    inherits: Inherited | Absent = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ROLES_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        RoleInvalid,
        RoleIsSystem,
        RoleNameTaken,
        RoleNotFound,
        NotHeld,
        PreconditionFailed,
        ConcurrentChange,
    ),
    emits=(RoleUpdated,),
    audit="access.role.update",
    simulated=True,
)
class UpdateRoleInteractor:
    roles: Roles
    editing: Editing
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateRole, actor: Actor) -> RoleInfo:
        organization_id = request.organization_id
        await self.roles.lock(organization_id)
        before = await self.roles.get(organization_id, request.role_id)
        if before.is_system:
            raise RoleIsSystem
        if request.expected_version not in {None, before.version}:
            raise PreconditionFailed
        # A copy, so that nothing is judged by what it is to become.
        role = replace(before)
        await self._apply(role, request)
        if _shape(role) == _shape(before):
            return await self.editing.describe(before)
        await self.editing.free(role)
        await self.editing.judge(actor, before, role)
        role.updated_at = self.clock.now()
        updated = RoleUpdated(
            organization_id=organization_id, role_id=role.id, name=role.name, occurred_at=role.updated_at
        )
        self.events.emit(updated, of=role)
        await self.roles.keep(role)
        return await self.editing.describe(role)

    async def _apply(self, role: Role, request: UpdateRole) -> None:
        if not isinstance(request.name, Absent):
            role.name = role_name(request.name)
        if not isinstance(request.description, Absent):
            role.description = description(request.description)
        if not isinstance(request.permissions, Absent):
            role.permissions = permissions(request.permissions)
        if not isinstance(request.inherits, Absent):
            role.inherits = await self.editing.inherited(request.organization_id, request.inherits)


def _shape(role: Role) -> tuple[object, ...]:
    return role.name, role.description, role.permissions, role.inherits
