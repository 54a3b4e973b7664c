"""What somebody holds themselves, and may therefore give to others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access.errors import NotHeld
from domain.access.facade import Authority, Mandates, Place, Subject
from domain.access.models import MOST_LEVELS, Grant, Powers, Role
from domain.access.repositories import Grants, Places, Roles
from domain.kernel.access import Actor
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, RoleId, UserId
from domain.kernel.ports import Clock

Paths = Mapping[ResourceId, Sequence[ResourceId]]


@dataclass(frozen=True, slots=True)
class Holding(Authority, Mandates):
    """Ask the grants as they are in the transaction of the command.

    To hold something at a place is to be allowed it there without condition, and to be denied it nowhere in that
    place, not even on a condition. A platform-wide allow counts everywhere, and over denials of organizations.
    An allow that ends is held only for what ends no later.
    """

    roles: Roles
    grants: Grants
    places: Places
    clock: Clock

    async def must_hold_role(self, actor: Actor, place: Place, role_id: RoleId) -> None:
        """See `Authority.must_hold_role`; what somebody holds for a while they cannot give for ever."""
        await self.must_hold(actor.user_id, place, await self.contents([role_id]))

    async def must_hold_everything_of(self, actor: Actor, organization_id: OrganizationId, subject: Subject) -> None:
        """See `Mandates.must_hold_everything_of`."""
        now = self.clock.now()
        for grant in await self.grants.of(organization_id, subject):
            if not grant.denies and (grant.expires_at is None or grant.expires_at > now):
                contents = await self.contents([grant.role_id])
                await self.must_hold(actor.user_id, grant.place, contents, grant.expires_at)

    async def holds(self, actor: Actor, place: Place, permission: str) -> bool:
        """See `Authority.holds`."""
        return not await self.lacking(actor.user_id, place, [permission], self.clock.now())

    async def must_hold(
        self, user_id: UserId, place: Place, permissions: Iterable[str], until: datetime | None = None
    ) -> None:
        """Raise `NotHeld` unless the person holds `permissions` at `place` until then, or without end."""
        if await self.lacking(user_id, place, permissions, until):
            raise NotHeld

    async def contents(self, role_ids: Collection[RoleId]) -> frozenset[str]:
        """Return every permission of the roles, with what they inherit."""
        return Powers.of((await self.roles.closure(role_ids)).values()).names

    async def lacking(
        self, user_id: UserId, place: Place, permissions: Iterable[str], until: datetime | None
    ) -> Collection[str]:
        """Return those of `permissions` that the person does not hold at `place` until then, or without end."""
        now = self.clock.now()
        found = await self.grants.reaching(user_id, place.organization_id)
        live = [grant for grant in found if grant.expires_at is None or grant.expires_at > now]
        roles = await self.roles.closure({grant.role_id for grant in live})
        paths = await self._paths(place, live)
        sure = [grant for grant in live if _allows(grant, place, paths) and _lasts(grant, until)]
        platform = _powers((grant for grant in sure if grant.place.organization_id == PLATFORM), roles)
        allowed = _powers(sure, roles)
        denying = [grant for grant in live if grant.denies and _meets(grant.place, place, paths)]
        denied = _powers(denying, roles)
        barred = _powers((grant for grant in denying if grant.place.organization_id == PLATFORM), roles)
        return [
            name
            for name in permissions
            if not (platform.cover(name) and not barred.touch(name))
            and not (allowed.cover(name) and not denied.touch(name))
        ]

    async def _paths(self, place: Place, grants: Iterable[Grant]) -> Paths:
        known = {grant.place.resource_id for grant in grants} | {place.resource_id}
        return await self.places.paths(place.organization_id, {each for each in known if each is not None})


def reachable(role_ids: Iterable[RoleId], roles: Mapping[RoleId, Role]) -> set[RoleId]:
    """Return these roles and what they inherit, through 8 levels."""
    found, level = set(role_ids), set(role_ids)
    for _ in range(MOST_LEVELS - 1):
        level = {each for role_id in level if role_id in roles for each in roles[role_id].inherits} - found
        found |= level
    return found


def _powers(grants: Iterable[Grant], roles: Mapping[RoleId, Role]) -> Powers:
    return Powers.of(roles[each] for each in reachable({grant.role_id for grant in grants}, roles) if each in roles)


def _lasts(grant: Grant, until: datetime | None) -> bool:
    return grant.expires_at is None or (until is not None and until <= grant.expires_at)


def _allows(grant: Grant, place: Place, paths: Paths) -> bool:
    """Return whether it allows, without condition, all over `place`."""
    if grant.denies or grant.condition is not None:
        return False
    on = grant.place.resource_id
    if on is None:
        return True
    if grant.place.organization_id != place.organization_id or place.resource_id is None:
        return False
    if grant.place.below:
        return on in paths.get(place.resource_id, ())
    return on == place.resource_id and not place.below


def _meets(one: Place, other: Place, paths: Paths) -> bool:
    """Return whether the places have anything in common."""
    if one.resource_id is None or other.resource_id is None:
        return True
    return (
        one.resource_id == other.resource_id
        or (one.below and one.resource_id in paths.get(other.resource_id, ()))
        or (other.below and other.resource_id in paths.get(one.resource_id, ()))
    )
