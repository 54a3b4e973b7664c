"""Before a change and after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.access.engine.compiled import Subject, closure, compile_subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import USER, Key, Part, ResourcePart, RolePart, TeamPart, UserPart
from domain.kernel.ids import OrganizationId, ResourceId, UserId

Parts = Mapping[Key, Part | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody before and after a change; None while there is no such person."""

    id: UserId
    before: Subject | None
    after: Subject | None

    @property
    def kind(self) -> str:
        """What they are: a `user` or a `service_account`; nothing if there is nobody."""
        found = self.before or self.after
        return found.user.kind if found else ""


@dataclass(frozen=True, slots=True)
class Altered:
    """A resource that changes, or whose wall does; None while there is no such one."""

    before: Thing | None
    after: Thing | None

    @property
    def thing(self) -> Thing:
        """How it is called: that never changes."""
        thing = self.before or self.after
        assert thing
        return thing


def subject_of(parts: Parts, user_id: UserId, organization_id: OrganizationId) -> Subject | None:
    """Put a person together of parts, which are all that there are of them."""
    user = parts.get(Key("user", user_id))
    if not isinstance(user, UserPart):
        return None
    own = [parts.get(Key("team", each)) for each in user.teams]
    path = {above for team in own if isinstance(team, TeamPart) for above in team.path}
    teams = {part.id: part for each in path if isinstance(part := parts.get(Key("team", each)), TeamPart)}
    grants = [*user.grants, *(grant for team in teams.values() for grant in team.grants)]
    granted = {grant.role_id for grant in grants}
    roles = {part.id: part for part in parts.values() if isinstance(part, RolePart)}
    reached = closure(granted, roles)
    made = compile_subject(user, organization_id, teams, {each: roles[each] for each in reached if each in roles})
    # Service accounts of other organizations are nobody.
    return made if user.kind == USER or made.belongs else None


def things_of(
    parts: Parts, resource_ids: Iterable[ResourceId], organization_id: OrganizationId
) -> Mapping[ResourceId, Thing]:
    """Return those resources that the organization has."""
    found: dict[ResourceId, Thing] = {}
    for each in resource_ids:
        part = parts.get(Key("resource", each))
        if isinstance(part, ResourcePart) and part.organization_id == organization_id:
            wall = parts.get(Key("resource", part.wall_id)) if part.wall_id else None
            found[each] = Thing.of(part, wall if isinstance(wall, ResourcePart) else None)
    return found


def altered(before: Mapping[ResourceId, Thing], after: Mapping[ResourceId, Thing]) -> list[Altered]:
    """Return the resources of which a decision may depend on something else now, in the order of their names."""
    found = [Altered(before.get(each), after.get(each)) for each in before.keys() | after.keys()]
    changed = [each for each in found if each.before != each.after]
    return sorted(changed, key=lambda each: (each.thing.type, each.thing.external_id))
