"""Change roles, without giving anybody more than the editor holds."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from domain.access.errors import RoleNameTaken, RoleNotFound
from domain.access.facade import Place
from domain.access.holding import Holding
from domain.access.looking import Looking
from domain.access.models import MOST_LEVELS, Powers, Role
from domain.access.naming import invalid
from domain.access.repositories import Grants, Roles
from domain.access.schemas import RoleInfo
from domain.kernel.access import Actor, Permission
from domain.kernel.ids import OrganizationId, RoleId


@dataclass(frozen=True, slots=True)
class Editing:
    """Judge what a role of an organization is to become; the organization is locked."""

    roles: Roles
    grants: Grants
    holding: Holding
    walls: Looking

    async def free(self, role: Role) -> None:
        """Raise `RoleNameTaken` if another role that may be granted there, a system role perhaps, is called so."""
        assert role.organization_id
        with suppress(RoleNotFound):
            found = await self.roles.named(role.organization_id, role.name)
            if found.id != role.id:
                raise RoleNameTaken

    async def inherited(self, organization_id: OrganizationId, names: Collection[str]) -> frozenset[RoleId]:
        """Return the roles of these names, or raise `RoleNotFound`."""
        return frozenset([(await self.roles.named(organization_id, name)).id for name in names])

    async def judge(self, actor: Actor, before: Role | None, after: Role) -> None:
        """Raise `RoleInvalid` or `NotHeld` unless the actor may make `before` what `after` is.

        They must hold in the whole organization what is added, and what is taken out of something that is denied to
        anybody, or may be as far as they see: that gives it back.
        """
        organization_id = after.organization_id
        assert organization_id
        known = {**await self.roles.own(organization_id), after.id: after}
        self._untangled(after, known)
        added = after.permissions - (before.permissions if before else frozenset())
        linked = after.inherits - (before.inherits if before else frozenset())
        contents = await self.holding.contents(linked)
        if Powers(contents).cover(Permission.ORGANIZATIONS_OWN):
            raise invalid("inherits", "ownership", "Nothing inherits from the role of owners or superusers.")
        await self.holding.must_hold(actor.user_id, Place(organization_id), added | contents)
        if before:
            await self._give_back(actor, organization_id, before, after, known)

    async def remove(self, actor: Actor, role: Role) -> None:
        """Delete `role`, or raise `NotHeld` if that gives back what is denied by it and the actor does not hold."""
        assert role.organization_id
        known = await self.roles.own(role.organization_id)
        bare = replace(role, permissions=frozenset(), inherits=frozenset())
        await self._give_back(actor, role.organization_id, role, bare, known)
        await self.roles.remove(role)

    async def describe(self, role: Role) -> RoleInfo:
        """Return what `role` is shown as."""
        return described(role, await self.roles.closure(role.inherits))

    async def _give_back(
        self, actor: Actor, organization_id: OrganizationId, before: Role, after: Role, known: Mapping[RoleId, Role]
    ) -> None:
        removed = before.permissions - after.permissions
        unlinked = before.inherits - after.inherits
        if not (removed or unlinked):
            return
        # Whoever does not see everybody cannot be told whether anybody is denied it: they are taken to be.
        if not await self.walls.bypasses(actor, organization_id) or await self.grants.denied(heirs(before.id, known)):
            contents = removed | await self.holding.contents(unlinked)
            await self.holding.must_hold(actor.user_id, Place(organization_id), contents)

    def _untangled(self, role: Role, known: Mapping[RoleId, Role]) -> None:
        """Refuse circles, and chains through `role` that are too long to count to their end."""
        below = _depth(role.id, {each.id: each.inherits for each in known.values()})
        above = _depth(role.id, _inheritors(known))
        if below is None or above is None:
            raise invalid("inherits", "circle", "A role cannot inherit from itself.")
        if below + above - 1 > MOST_LEVELS:
            raise invalid("inherits", "depth", f"Inheritance has at most {MOST_LEVELS} levels.")


def described(role: Role, known: Mapping[RoleId, Role]) -> RoleInfo:
    """Return what `role` is shown as; what it inherits is `known`."""
    return RoleInfo(
        id=role.id,
        organization_id=role.organization_id,
        name=role.name,
        description=role.description,
        permissions=sorted(role.permissions),
        inherits=sorted(known[each].name for each in role.inherits),
        created_at=role.created_at,
        updated_at=role.updated_at,
        version=role.version,
    )


def heirs(role_id: RoleId, known: Mapping[RoleId, Role]) -> set[RoleId]:
    """Return the role and all that inherit from it."""
    inheritors = _inheritors(known)
    found, level = {role_id}, {role_id}
    while level:
        level = {each for one in level for each in inheritors.get(one, ())} - found
        found |= level
    return found


def _inheritors(known: Mapping[RoleId, Role]) -> dict[RoleId, set[RoleId]]:
    found: dict[RoleId, set[RoleId]] = {}
    for role in known.values():
        for each in role.inherits:
            found.setdefault(each, set()).add(role.id)
    return found


def _depth(role_id: RoleId, links: Mapping[RoleId, Collection[RoleId]]) -> int | None:
    """Return how many roles the longest chain from this one has, None if it comes back to it.

    Chains are followed as far as one may be long, so that no graph, however it came about, takes long.
    """
    level = {role_id}
    for depth in range(1, MOST_LEVELS + 2):
        level = {each for one in level for each in links.get(one, ())}
        if role_id in level:
            return None
        if not level:
            return depth
    return MOST_LEVELS + 1
