"""What one person may do in one organization, made of parts; every question is answered from this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.access.engine.parts import USER, Grant, RolePart, TeamPart, UserPart
from domain.kernel.ids import PLATFORM, GroupId, OrganizationId, ResourceId, RoleId, TeamId, UserId

DEEPEST: Final = 8
"""How many steps of inheritance count. Writing refuses more; what was written past that refusal gives nothing."""
EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Held:
    """A grant that reaches a person, and through whom."""

    grant: Grant
    through: TeamId | None
    """The team it was made to; None if it was made to the person."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The grants that concern one permission, by where they hold."""

    everywhere: tuple[Held, ...] = ()
    on: Mapping[ResourceId, tuple[Held, ...]] = field(default_factory=dict)
    below: Mapping[ResourceId, tuple[Held, ...]] = field(default_factory=dict)
    allowed: bool = False
    """A plain allow holds everywhere, and nothing anywhere denies: no need to look further."""

    def at(self, resource_id: ResourceId | None, path: Sequence[ResourceId]) -> tuple[Held, ...]:
        """Return the grants that hold for a resource, None for one that is not there yet, and for what it lies in."""
        found = self.everywhere
        if resource_id and self.on:
            found += self.on.get(resource_id, ())
        if self.below:
            for each in path:
                found += self.below.get(each, ())
        return found


NOTHING: Final = (Rules(), Rules())


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in an organization. Made by `compile_subject`; immutable but for what it has worked out already."""

    user: UserPart
    organization_id: OrganizationId
    teams: frozenset[TeamId]
    """All on the paths of their teams."""
    groups: frozenset[GroupId]
    """The visibility groups that they, or one of those teams, are members of."""
    walls: frozenset[GroupId]
    """The visibility groups of the organization that they are hidden in."""
    roles: Mapping[RoleId, frozenset[str]]
    """What each role gives, inheritance included. `*` is there only if it is understood."""
    grants: Mapping[RoleId, tuple[Held, ...]]
    """What was granted in the organization, by role."""
    platform: Mapping[RoleId, tuple[Held, ...]]
    """What was granted platform-wide, by role."""
    written: frozenset[str]
    """Everything that any of those roles gives."""
    _known: dict[str, tuple[Rules, Rules]] = field(default_factory=dict)
    """By what is written: there is no end of what can be asked about."""

    @property
    def id(self) -> UserId:
        """Who it is."""
        return self.user.id

    @property
    def belongs(self) -> bool:
        """Whether the person has to do with the organization: is in it, or holds something in it or everywhere."""
        return self.organization_id in self.user.organizations or bool(self.grants or self.platform)

    def rules(self, permission: str) -> tuple[Rules, Rules]:
        """Return the grants that concern `permission`: the platform's, and the organization's."""
        return self._known.get(permission) or self._work_out(permission)

    def _work_out(self, permission: str) -> tuple[Rules, Rules]:
        wildcard = f"{permission.partition(':')[0]}:{EVERYTHING}"
        names = (permission, wildcard, EVERYTHING)
        written = next((name for name in names if name in self.written), None)
        if written is None:
            return NOTHING
        found = self._known.get(written)
        if found is None:
            giving = [role for role, permissions in self.roles.items() if not permissions.isdisjoint(names)]
            found = self._known[written] = _rules(self.platform, giving), _rules(self.grants, giving)
        return found


def compile_subject(
    user: UserPart,
    organization_id: OrganizationId,
    teams: Mapping[TeamId, TeamPart],
    roles: Mapping[RoleId, RolePart],
) -> Subject:
    """Put together what concerns `user` in `organization_id`.

    `teams` are all on the paths of the person's teams, `roles` those granted to any of them with what they inherit. A
    part that is missing gives nothing, and a role of another organization gives nothing either. Nor does anything that
    a service account was granted elsewhere than in its own.
    """
    ours = {team: part for team, part in teams.items() if part.organization_id == organization_id}
    platforms = {team: part for team, part in teams.items() if part.organization_id == PLATFORM}
    held = [Held(grant, None) for grant in user.grants]
    held += [Held(grant, team) for team, part in (ours | platforms).items() for grant in part.grants]
    held = [each for each in held if _belongs(each.grant, roles) and _may_hold(user, each.grant)]
    here = [each for each in held if each.grant.organization_id == organization_id]
    wide = [each for each in held if each.grant.organization_id == PLATFORM and each.grant.resource_id is None]
    if organization_id == PLATFORM:
        here = [each for each in here if each.grant.resource_id is not None]
    given = {role: _expanded(role, roles) for role in {each.grant.role_id for each in (*here, *wide)}}
    groups = user.groups.union(*(part.groups for part in ours.values()))
    return Subject(
        user=user,
        organization_id=organization_id,
        teams=frozenset(ours),
        groups=groups,
        walls=frozenset(group for place, group in user.walls if place == organization_id),
        roles=given,
        grants=_by_role(here),
        platform=_by_role(wide),
        written=frozenset().union(*given.values()),
    )


def closure(role_ids: set[RoleId], roles: Mapping[RoleId, RolePart]) -> set[RoleId]:
    """Return the roles that `role_ids` inherit from, themselves included, as far as `roles` tells."""
    found: set[RoleId] = set()
    rim = role_ids
    for _ in range(DEEPEST + 1):
        found |= rim
        rim = {above for role in rim if role in roles for above in roles[role].inherits} - found
    return found


def _belongs(grant: Grant, roles: Mapping[RoleId, RolePart]) -> bool:
    """Return whether the role may be granted there at all: a role of one organization gives nothing in another."""
    role = roles.get(grant.role_id)
    return role is not None and role.organization_id in {None, grant.organization_id}


def _may_hold(user: UserPart, grant: Grant) -> bool:
    """Return whether anything may be granted there to somebody like that."""
    return user.kind == USER or grant.organization_id in user.organizations


def _expanded(role_id: RoleId, roles: Mapping[RoleId, RolePart]) -> frozenset[str]:
    """Return what a role gives. A wildcard counts where it is written in a system role, whoever inherits that."""
    scope = {None, roles[role_id].organization_id}
    usable = {role: part for role, part in roles.items() if part.organization_id in scope}
    permissions: set[str] = set()
    for each in closure({role_id}, usable) & usable.keys():
        system = usable[each].organization_id is None
        permissions |= {name for name in usable[each].permissions if system or not name.endswith(EVERYTHING)}
    return frozenset(permissions)


def _by_role(held: Sequence[Held]) -> dict[RoleId, tuple[Held, ...]]:
    found: dict[RoleId, list[Held]] = {}
    for each in held:
        found.setdefault(each.grant.role_id, []).append(each)
    return {role: tuple(grants) for role, grants in found.items()}


def _rules(grants: Mapping[RoleId, tuple[Held, ...]], giving: Sequence[RoleId]) -> Rules:
    everywhere: list[Held] = []
    on: dict[ResourceId, list[Held]] = {}
    below: dict[ResourceId, list[Held]] = {}
    for role in giving:
        for held in grants.get(role, ()):
            place = held.grant.resource_id
            if place is None:
                everywhere.append(held)
            else:
                (below if held.grant.below else on).setdefault(place, []).append(held)
    denies = any(
        not held.grant.allows for each in ((everywhere,), on.values(), below.values()) for some in each for held in some
    )
    plain = any(held.grant.allows and held.grant.is_plain for held in everywhere)
    return Rules(tuple(everywhere), _frozen(on), _frozen(below), allowed=plain and not denies)


def _frozen(held: Mapping[ResourceId, list[Held]]) -> Mapping[ResourceId, tuple[Held, ...]]:
    return {place: tuple(grants) for place, grants in held.items()}
