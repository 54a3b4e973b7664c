"""Lists of a world in memory: every row is asked of, one by one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.access.decisions import Lists, Row
from core.access.snapshots import Snapshot
from core.access.source import Look
from domain.access.asking import Person
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide, sees
from domain.access.engine.parts import Key, ResourcePart
from domain.access.ports import Listing
from domain.kernel.ids import PLATFORM, GroupId, OrganizationId, ResourceId, UserId
from tests.support.access.parts import MemoryParts, part_of


@dataclass(frozen=True, slots=True)
class MemoryAccessLists(Lists):
    parts: MemoryParts

    async def resources(
        self,
        since: Snapshot | None,
        subject: Subject,
        asker: Subject,
        wanted: Listing,
        after: ResourceId | None,
        limit: int,
        now: datetime,
    ) -> tuple[Look, Sequence[Row]]:
        look, found = await self.parts.look(since, ()), list[Row]()
        for row in sorted(self.parts.world.resources):
            if (row.organization_id, row.type) != (subject.organization_id, wanted.type):
                continue
            if after is not None and row.id <= after:
                continue
            thing = self._thing(ResourceId(row.id))
            allowed = decide(subject, Question(wanted.permission, thing, wanted.attributes), now) is Outcome.ALLOWED
            if allowed and (asker is subject or sees(asker, thing, now)):
                found.append((ResourceId(row.id), row.external_id))
        return look, found[:limit]

    async def candidates(
        self, asker: Person, groups: Collection[GroupId] | None, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        user_id, organization_id = asker
        world, places = self.parts.world, {organization_id, PLATFORM}
        found = {each.user_id for each in world.memberships if each.organization_id == organization_id}
        found |= {g.subject_id for g in world.grants if g.subject_type == "user" and g.organization_id in places}
        teams = {each.id for each in world.teams if each.organization_id in places}
        found |= {each.user_id for each in world.team_members if each.team_id in teams}
        hiding = [each for each in world.contents if groups is not None and each.organization_id == organization_id]
        shown = {each.user_id for each in hiding if each.group_id in (groups or ())} | {user_id}
        found -= {each.user_id for each in hiding} - shown
        return [UserId(each) for each in sorted(found) if after is None or each > after][:limit]

    async def service_accounts(
        self, organization_id: OrganizationId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        accounts = self.parts.world.service_accounts
        found = sorted(each.id for each in accounts if each.organization_id in {organization_id, PLATFORM})
        return [UserId(each) for each in found if after is None or each > after][:limit]

    async def permissions(self, organization_id: OrganizationId) -> Collection[str]:
        roles = [each for each in self.parts.world.roles if each.organization_id in {None, PLATFORM, organization_id}]
        return {name for each in roles for name in each.permissions}

    def _thing(self, resource_id: ResourceId) -> Thing:
        part = part_of(self.parts.world, Key("resource", resource_id))
        assert isinstance(part, ResourcePart)
        wall = part_of(self.parts.world, Key("resource", part.wall_id)) if part.wall_id else None
        return Thing.of(part, wall if isinstance(wall, ResourcePart) else None)
