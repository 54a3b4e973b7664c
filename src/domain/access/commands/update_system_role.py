"""Change a system role."""

from domain.access.editing import described
from domain.access.errors import NotHeld, RoleInvalid, RoleIsSystem, RoleNotFound
from domain.access.events import RoleUpdated
from domain.access.facade import Place
from domain.access.holding import Holding
from domain.access.models import OWNER, SUPERUSER
from domain.access.naming import permissions
from domain.access.repositories import Roles
from domain.access.schemas import Permissions, RoleInfo
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, RoleId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class UpdateSystemRole(Command[RoleInfo]):
    """Change the permissions of a system role, in all organizations at once.

    A later release keeps the change: it adds and takes out only what it has itself added and taken out. Superusers stay
    what they are, and owners keep `organizations:own`, which need not be listed.
    """

    role_id: RoleId
    permissions: Permissions
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ROLES_WRITE),
    raises=(RoleInvalid, RoleIsSystem, RoleNotFound, NotHeld, PreconditionFailed, ConcurrentChange),
    emits=(RoleUpdated,),
    audit="access.role.update_system",
    simulated=True,
)
class UpdateSystemRoleInteractor:
    roles: Roles
    holding: Holding
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateSystemRole, actor: Actor) -> RoleInfo:
        role = await self.roles.system(request.role_id)
        if role.id == SUPERUSER:
            raise RoleIsSystem
        if request.expected_version not in {None, role.version}:
            raise PreconditionFailed
        kept = frozenset({Permission.ORGANIZATIONS_OWN.value} if role.id == OWNER else ())
        wanted = permissions(frozenset(request.permissions) - kept) | kept
        known = await self.roles.closure(role.inherits)
        if wanted == role.permissions:
            return described(role, known)
        # What is taken out counts too: somewhere the role may be what somebody is denied.
        await self.holding.must_hold(actor.user_id, Place(PLATFORM), wanted ^ role.permissions)
        role.permissions, role.updated_at = wanted, self.clock.now()
        updated = RoleUpdated(organization_id=None, role_id=role.id, name=role.name, occurred_at=role.updated_at)
        self.events.emit(updated, of=role)
        await self.roles.keep(role)
        return described(role, known)
