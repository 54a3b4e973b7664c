"""Judge grants: which can be made at all, and which by whom."""

from dataclasses import dataclass

from domain.access import conditions
from domain.access.errors import GrantInvalid, GrantNotFound, OwnerDenied, PlaceNotFound, SubjectNotFound
from domain.access.facade import Place, Subject
from domain.access.holding import Holding
from domain.access.looking import Looking
from domain.access.models import Grant
from domain.access.repositories import Grantees, Grants, Places, Roles
from domain.access.schemas import GrantedOn
from domain.kernel.access import Actor
from domain.kernel.errors import BypassRequired, FieldError
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from domain.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class Judging:
    """Refuse grants that cannot be, and those that the actor can neither give nor take."""

    roles: Roles
    grants: Grants
    grantees: Grantees
    places: Places
    holding: Holding
    walls: Looking
    clock: Clock

    async def place(self, actor: Actor, organization_id: OrganizationId, on: GrantedOn | None, *, below: bool) -> Place:
        """Return the place meant, or raise `PlaceNotFound` where the actor sees nothing."""
        if on is None:
            if below:
                raise _invalid("below", "place", "Below what? Say it in `on`.")
            return Place(organization_id)
        resource_id = await self.places.find(organization_id, on.type, on.id)
        if resource_id is None or await self.walls.hidden(actor, organization_id, {resource_id}):
            raise PlaceNotFound
        return Place(organization_id, resource_id, below)

    async def judge(self, actor: Actor, grant: Grant) -> None:
        """Raise what `grant` cannot be made for.

        The organization is locked if the grant makes an owner, or denies something to what may be one.
        """
        if grant.condition is not None:
            conditions.parse(grant.condition)
        if grant.expires_at is not None and grant.expires_at <= self.clock.now():
            raise _invalid("expires_at", "past", "It would be over already.")
        if grant.keeps:
            _may_own(grant)
        await self._settle(actor, grant)
        contents = await self.holding.contents([grant.role_id])
        await self.holding.must_hold(actor.user_id, grant.place, contents, grant.expires_at)
        if grant.denies and grant.place.resource_id is None:
            if grant.subject.type != "user" and not await self.walls.bypasses(actor, grant.place.organization_id):
                raise BypassRequired
            if await self._is_owner(grant):
                raise OwnerDenied

    async def release(self, actor: Actor, grant: Grant) -> None:
        """Raise `NotHeld` unless the actor may withdraw `grant`, `GrantNotFound` where they see nobody or nothing.

        They must hold what is in it, or have been allowed it themselves. A denial that goes gives something back, so
        that it takes as much as a grant of that length does. Whoever unmakes an owner must see whether another one is
        left, else `BypassRequired` is raised.
        """
        on = grant.place.resource_id
        if await self.is_hidden(actor, grant):
            raise GrantNotFound
        if on is not None and await self.walls.hidden(actor, grant.place.organization_id, {on}):
            raise GrantNotFound
        if grant.keeps and not await self.walls.bypasses(actor, grant.place.organization_id):
            raise BypassRequired
        if not grant.denies and grant.subject == Subject("user", actor.user_id):
            return
        contents = await self.holding.contents([grant.role_id])
        until = grant.expires_at if grant.denies else self.clock.now()
        await self.holding.must_hold(actor.user_id, grant.place, contents, until)

    async def is_hidden(self, actor: Actor, grant: Grant) -> bool:
        """Return whether a wall hides the subject of `grant` from the actor."""
        if grant.subject.type != "user":
            return False
        people = {UserId(grant.subject.id)}
        return bool(await self.walls.hidden_people(actor, grant.place.organization_id, people))

    async def _settle(self, actor: Actor, grant: Grant) -> None:
        """Hold the subject, and the organization if owners are concerned.

        People before the platform, as those do who close accounts; members behind their organization.
        """
        organization_id = grant.place.organization_id
        locks = grant.keeps or (grant.denies and grant.place.resource_id is None)
        if locks and organization_id != PLATFORM:
            await self.roles.lock(organization_id)
        if await self.is_hidden(actor, grant) or not await self.grantees.includes(organization_id, grant.subject):
            raise SubjectNotFound
        if locks and organization_id == PLATFORM:
            await self.roles.lock(organization_id)

    async def _is_owner(self, grant: Grant) -> bool:
        """Return whether the subject is an owner, or a team that has one."""
        owners = await self.grants.keepers(grant.place.organization_id)
        if grant.subject.type == "user":
            return UserId(grant.subject.id) in owners
        teams = [await self.grantees.teams(grant.place.organization_id, owner) for owner in owners]
        return any(grant.subject.id in each for each in teams)


def _may_own(grant: Grant) -> None:
    """Refuse what ownership cannot be."""
    for field, wrong, message in (
        ("subject", grant.subject.type != "user", "Only people own."),
        ("on", grant.place.resource_id is not None, "Owners own everything."),
        ("effect", grant.denies, "Ownership cannot be denied."),
        ("condition", grant.condition is not None, "Owners own on no condition."),
        ("expires_at", grant.expires_at is not None, "Ownership has no end."),
    ):
        if wrong:
            raise _invalid(field, "ownership", message)


def _invalid(field: str, code: str, message: str) -> GrantInvalid:
    return GrantInvalid(errors=[FieldError(f"body/{field}", code, message)])
