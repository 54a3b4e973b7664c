"""Answer from what was loaded for one answer alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.access.gathering import Gathering
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Key, Name, Part, RolePart
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId

Person = tuple[UserId, OrganizationId]
"""Somebody, in an organization."""


@dataclass(slots=True)
class Loaded:
    """Everything that one look has loaded: it is whole, of one snapshot, and nothing comes in between."""

    parts: Mapping[Key, Part | None]

    def take(self, key: Key, used: dict[Key, Part | None]) -> Part | None:
        """Return what there is under `key`, and put it into `used`."""
        if key in self.parts:
            used[key] = self.parts[key]
        return self.parts.get(key)

    def subjects(
        self, people: Collection[tuple[UserId, OrganizationId]]
    ) -> dict[tuple[UserId, OrganizationId], Subject]:
        """Return people, without those that there are not."""
        found = {person: Gathering(self).subject(*person) for person in people}
        return {person: subject for person, subject in found.items() if subject}

    def things(
        self, within: Collection[OrganizationId] | None, resource_ids: Collection[ResourceId]
    ) -> dict[ResourceId, Thing]:
        """Return resources `within` organizations, without those that there are not."""
        found = {each: Gathering(self).thing(each) for each in resource_ids}
        return {each: thing[1] for each, thing in found.items() if thing and (within is None or thing[0] in within)}

    def named(self, names: Sequence[Name], ids: Mapping[Name, ResourceId]) -> list[Thing | None]:
        """Return what is called so; None for what is called otherwise by now."""
        made = list[Thing | None]()
        for name in names:
            found = Gathering(self).thing(ids[name]) if name in ids else None
            called = found and Name(found[0], found[1].type, found[1].external_id)
            made.append(found[1] if found and called == name else None)
        return made

    def roles(self, role_ids: Collection[RoleId]) -> dict[RoleId, RolePart]:
        """Return roles with all that they inherit."""
        gathered = Gathering(self)
        gathered.roles(set(role_ids))
        return {part.id: part for part in gathered.used.values() if isinstance(part, RolePart)}
