"""Grant a role."""

from datetime import datetime
from typing import Any

from domain.access.errors import (
    ConditionInvalid,
    GrantExists,
    GrantInvalid,
    NotHeld,
    OwnerDenied,
    PlaceNotFound,
    RoleNotFound,
    SubjectNotFound,
)
from domain.access.events import GrantMade
from domain.access.facade import Subject
from domain.access.granting import Granting
from domain.access.judging import Judging
from domain.access.models import Grant
from domain.access.repositories import Roles
from domain.access.schemas import Effect, GrantedOn, Grantee, GrantInfo, RoleName
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, ConcurrentChange, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message


@message
class MakeGrant(Command[GrantInfo]):
    """Grant a role to a member, a team or a service account of an organization, or deny what is in it.

    Without `on` the grant holds in the whole organization; with `below` on everything in the resource too. Whoever
    makes it must hold everything in the role there, without condition and at least as long. Ownership is for people,
    in the whole organization, without condition or end, and cannot be denied; nor can anything in the whole
    organization be denied to an owner: to deny it to a team takes `visibility:bypass`, for owners may be in it.
    """

    organization_id: OrganizationId
    subject: Grantee
    role: RoleName
    on: GrantedOn | None = None
    below: bool = False
    effect: Effect = "allow"
    condition: dict[str, Any] | None = None
    expires_at: datetime | None = None


@interactor(
    access=needs(Permission.GRANTS_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        BypassRequired,
        ConditionInvalid,
        GrantInvalid,
        RoleNotFound,
        SubjectNotFound,
        PlaceNotFound,
        NotHeld,
        OwnerDenied,
        GrantExists,
        ConcurrentChange,
    ),
    emits=(GrantMade,),
    audit="access.grant.make",
    simulated=True,
)
class MakeGrantInteractor:
    roles: Roles
    granting: Granting
    judging: Judging
    clock: Clock

    async def __call__(self, request: MakeGrant, actor: Actor) -> GrantInfo:
        role = await self.roles.named(request.organization_id, request.role)
        place = await self.judging.place(actor, request.organization_id, request.on, below=request.below)
        grant = Grant(
            place=place,
            subject=Subject(request.subject.type, request.subject.id),
            role_id=role.id,
            effect=request.effect,
            condition=request.condition,
            expires_at=request.expires_at,
            granted_by=actor.user_id,
            created_at=self.clock.now(),
        )
        await self.judging.judge(actor, grant)
        await self.granting.make(grant)
        return GrantInfo(
            id=grant.id,
            organization_id=request.organization_id,
            subject=request.subject,
            role_id=role.id,
            role=role.name,
            on=request.on,
            below=request.below,
            effect=request.effect,
            condition=grant.condition,
            expires_at=grant.expires_at,
            granted_by=grant.granted_by,
            created_at=grant.created_at,
            version=grant.version,
        )
