"""Make roles and grants of casbin's rules."""

from inspect import getdoc

from domain.access.editing import Editing
from domain.access.errors import GrantExists, NotHeld, RoleNotFound
from domain.access.events import GrantMade, RoleCreated
from domain.access.facade import Place, Subject
from domain.access.granting import Granting
from domain.access.holding import Holding
from domain.access.judging import Judging
from domain.access.models import Grant, Role
from domain.access.naming import permissions
from domain.access.policies.errors import PolicyInvalid
from domain.access.policies.platform import Plan, Wanted, read
from domain.access.policies.ports import Rehearsal
from domain.access.policies.schemas import PolicyImported
from domain.access.repositories import Grants, Roles
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, DomainError, Forbidden, OrganizationNotFound, RetryLater
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message


@message
class ImportPolicy(Command[PolicyImported]):
    """Make roles and grants of the rules that an export consists of, all of them or none; needs `roles:write` too.

    Whoever sends them must hold everything in them, as for each role and grant by itself. Roles and grants that are
    there already stay as they are; a role of the same name that consists of something else is refused. With `dry_run`
    everything is judged and nothing done.
    """

    organization_id: OrganizationId
    policy: str
    dry_run: bool = False


@interactor(
    access=needs(Permission.GRANTS_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, Forbidden, PolicyInvalid, NotHeld, ConcurrentChange),
    emits=(RoleCreated, GrantMade),
    audit="access.policy.import",
    simulated=True,
)
class ImportPolicyInteractor:
    roles: Roles
    grants: Grants
    editing: Editing
    granting: Granting
    judging: Judging
    holding: Holding
    rehearsal: Rehearsal
    events: Events
    clock: Clock

    async def __call__(self, request: ImportPolicy, actor: Actor) -> PolicyImported:
        organization_id = request.organization_id
        if not await self.holding.holds(actor, Place(organization_id), Permission.ROLES_WRITE):
            raise Forbidden
        plan = read(request.policy)
        ordered = plan.in_order()
        _judge(plan)
        await self.roles.lock(organization_id)
        made = [name for name in ordered if await self._role(actor, organization_id, plan, name)]
        granted = sum([await self._grant(actor, organization_id, plan, wanted) for wanted in plan.grants])
        _judge(plan)
        if request.dry_run:
            await self.rehearsal.forget()
        unchanged = len(ordered) - len(made) + len(plan.grants) - granted
        return PolicyImported(made, granted, unchanged, request.dry_run)

    async def _role(self, actor: Actor, organization_id: OrganizationId, plan: Plan, name: str) -> bool:
        """Make a role unless it is there; note why it cannot be made."""
        line = plan.lines[name]
        try:
            if known := await self._known(organization_id, name):
                parts = await self.editing.describe(known)
                if ({*parts.permissions}, {*parts.inherits}) != (plan.permissions[name], plan.inherits[name]):
                    plan.refuse(line, "exists", "There is a role of this name that consists of something else.")
                return False
            now = self.clock.now()
            role = Role(
                organization_id=organization_id,
                name=name,
                permissions=permissions(plan.permissions[name]),
                created_at=now,
                updated_at=now,
            )
            role.inherits = await self.editing.inherited(organization_id, plan.inherits[name])
            await self.editing.judge(actor, None, role)
            created = RoleCreated(organization_id=organization_id, role_id=role.id, name=name, occurred_at=now)
            self.events.emit(created, of=role)
            await self.roles.add(role)
        except DomainError as refusal:
            _note(plan, line, refusal)
            return False
        return True

    async def _known(self, organization_id: OrganizationId, name: str) -> Role | None:
        try:
            return await self.roles.named(organization_id, name)
        except RoleNotFound:
            return None

    async def _grant(self, actor: Actor, organization_id: OrganizationId, plan: Plan, wanted: Wanted) -> bool:
        """Make a grant unless it is there; note why it cannot be made."""
        try:
            role = await self.roles.named(organization_id, wanted.role)
            grant = Grant(
                place=await self.judging.place(actor, organization_id, wanted.on, below=wanted.below),
                subject=Subject(wanted.subject.type, wanted.subject.id),
                role_id=role.id,
                effect=wanted.effect,
                granted_by=actor.user_id,
                created_at=self.clock.now(),
            )
            hidden = await self.judging.is_hidden(actor, grant)
            before = None if hidden else await self.grants.find(grant.place, grant.subject, role.id, grant.effect)
            if before and before.place == grant.place and before.suffices(grant.place):
                return False
            if before:
                raise GrantExists
            await self.judging.judge(actor, grant)
            await self.granting.make(grant)
        except DomainError as refusal:
            _note(plan, wanted.line, refusal)
            return False
        return True


def _note(plan: Plan, line: int, refusal: DomainError) -> None:
    """Remember a refusal of one line; what has nothing to do with it is one of all."""
    if isinstance(refusal, RetryLater | ConcurrentChange):
        raise refusal
    plan.refuse(line, refusal.code, getdoc(type(refusal)) or refusal.code)


def _judge(plan: Plan) -> None:
    if any(error.code == NotHeld.code for error in plan.errors):
        raise NotHeld(errors=plan.errors)
    if plan.errors:
        raise PolicyInvalid(errors=plan.errors)
