"""Gather the parts that an answer is made of, and notice which of them are not known."""

from dataclasses import dataclass, field
from typing import Protocol

from domain.access.engine.compiled import Subject, compile_subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Key, Part, ResourcePart, RolePart, TeamPart, UserPart
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, RoleId, UserId


class Parts(Protocol):
    """What parts are taken from."""

    def take(self, key: Key, used: dict[Key, Part | None]) -> Part | None:
        """Return what is known under `key`, and put it into `used`: None if there is nothing, which is known too."""


@dataclass(slots=True)
class Gathering:
    """What was taken for one answer."""

    memory: Parts
    used: dict[Key, Part | None] = field(default_factory=dict)
    missing: set[Key] = field(default_factory=set)
    """What has to be loaded first: while there is any, nothing that was gathered means anything."""

    def subject(self, user_id: UserId, organization_id: OrganizationId) -> Subject | None:
        """Return a person in an organization; None if there is none, or something of it is missing."""
        user = self._need(Key("user", user_id))
        if not isinstance(user, UserPart):
            return None
        grants = list(user.grants)
        for team_id in user.teams:
            team = self._need(Key("team", team_id))
            for above in team.path if isinstance(team, TeamPart) else ():
                part = self._need(Key("team", above))
                grants += part.grants if isinstance(part, TeamPart) else ()
        self.roles({each.role_id for each in grants if each.organization_id in {organization_id, PLATFORM}})
        if self.missing:
            return None
        teams = {part.id: part for part in self.used.values() if isinstance(part, TeamPart)}
        roles = {part.id: part for part in self.used.values() if isinstance(part, RolePart)}
        return compile_subject(user, organization_id, teams, roles)

    def roles(self, rim: set[RoleId]) -> None:
        """Take roles and all that they inherit."""
        asked: set[RoleId] = set()
        while rim:
            asked |= rim
            parts = [self._need(Key("role", role_id)) for role_id in rim]
            rim = {above for part in parts if isinstance(part, RolePart) for above in part.inherits} - asked

    def thing(self, resource_id: ResourceId) -> tuple[OrganizationId, Thing] | None:
        """Return a resource and whose it is; None if there is none, or it is missing."""
        part = self._need(Key("resource", resource_id))
        if not isinstance(part, ResourcePart):
            return None
        wall = self._need(Key("resource", part.wall_id)) if part.wall_id else None
        return part.organization_id, Thing.of(part, wall if isinstance(wall, ResourcePart) else None)

    def _need(self, key: Key) -> Part | None:
        part = self.memory.take(key, self.used)
        if key not in self.used:
            self.missing.add(key)
        return part
