"""Visibility groups in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.kernel.access import Eyes
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, TeamId, UserId
from domain.visibility.errors import (
    AlreadyInGroup,
    ContentNotFound,
    GroupNameTaken,
    GroupNotFound,
    NotInGroup,
    ViewerNotFound,
)
from domain.visibility.models import Content, Viewer, VisibilityGroup
from domain.visibility.readers import GroupPlace, Placed, VisibilityLists
from domain.visibility.repositories import Contents, Viewers, VisibilityGroups
from domain.visibility.schemas import (
    ContentName,
    VisibilityContentInfo,
    VisibilityGroupInfo,
    VisibilityMemberInfo,
)
from tests.support.memory.store import Memory
from tests.support.memory.tables import RESOURCES, TEAM_MEMBERS, TEAMS, VISIBILITY_CONTENTS, VISIBILITY_MEMBERS
from tests.support.memory.teams import belongs
from tests.support.memory.walls import groups_of, person_seen
from tests.support.memory.work import MemoryTables, MemoryWork

GROUPS = "visibility_groups"
"""By id."""


@dataclass(frozen=True, slots=True)
class ViewerRow:
    """Who is in a group; a key of its own."""

    group_id: GroupId
    user_id: UserId | None
    team_id: TeamId | None


@dataclass(frozen=True, slots=True)
class ContentRow:
    """What is in a group; a key of its own."""

    group_id: GroupId
    organization_id: OrganizationId
    resource_id: ResourceId | None
    user_id: UserId | None


def rebuild(tables: MemoryTables, root_ids: Collection[ResourceId]) -> None:
    """Find out anew which wall the resources and what lies below them stand behind."""
    walled = {each.resource_id for each in tables.table(VISIBILITY_CONTENTS).values()}
    for resource in tables.table(RESOURCES).values():
        if not set(root_ids).isdisjoint(resource.path):
            resource.wall_id = next((each for each in resource.path if each in walled), None)


@dataclass(frozen=True, slots=True)
class MemoryVisibilityGroups(VisibilityGroups):
    work: MemoryWork

    async def get(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroup:
        group: VisibilityGroup | None = (await self.work.begin()).table(GROUPS).get(group_id)
        if group is None or group.organization_id != organization_id:
            raise GroupNotFound
        return group

    async def add(self, group: VisibilityGroup) -> None:
        await self.keep(group)
        (await self.work.begin()).table(GROUPS).put(group.id, group)

    async def keep(self, group: VisibilityGroup) -> None:
        others = [each for each in (await self.work.begin()).table(GROUPS).values() if each.id != group.id]
        if any((each.organization_id, each.name) == (group.organization_id, group.name) for each in others):
            raise GroupNameTaken

    async def remove(self, group: VisibilityGroup) -> None:
        tables = await self.work.begin()
        tables.table(GROUPS).remove(group.id)
        contents = [each for each in tables.table(VISIBILITY_CONTENTS).values() if each.group_id == group.id]
        for content in contents:
            tables.table(VISIBILITY_CONTENTS).remove(content)
        for viewer in tables.table(VISIBILITY_MEMBERS).values():
            if viewer.group_id == group.id:
                tables.table(VISIBILITY_MEMBERS).remove(viewer)
        rebuild(tables, [each.resource_id for each in contents if each.resource_id])


@dataclass(frozen=True, slots=True)
class MemoryViewers(Viewers):
    work: MemoryWork

    async def includes(self, group: VisibilityGroup, user_id: UserId) -> bool:
        return group.id in groups_of(await self.work.begin(), user_id)

    async def stands_for(self, organization_id: OrganizationId, viewer: Viewer, user_id: UserId) -> bool:
        if viewer.team_id is None:
            return viewer.user_id == user_id
        tables = await self.work.begin()
        own = {each.team_id for each in tables.table(TEAM_MEMBERS).values() if each.user_id == user_id}
        return any(each.id in own and viewer.team_id in each.path for each in tables.table(TEAMS).values())

    async def seen(self, organization_id: OrganizationId, viewer: Viewer, by: Eyes) -> bool:
        tables = await self.work.begin()
        if viewer.team_id is not None:
            return _has_team(tables, organization_id, viewer.team_id)
        if not belongs(tables, organization_id, viewer.user_id):
            return False
        return person_seen(tables, organization_id, viewer.user_id, by)

    async def add(self, group: VisibilityGroup, viewer: Viewer) -> None:
        tables = await self.work.begin()
        known = (
            _has_team(tables, group.organization_id, viewer.team_id)
            if viewer.team_id is not None
            else belongs(tables, group.organization_id, viewer.user_id)
        )
        if not known:
            raise ViewerNotFound
        row = ViewerRow(group.id, viewer.user_id, viewer.team_id)
        if tables.table(VISIBILITY_MEMBERS).get(row):
            raise AlreadyInGroup
        tables.table(VISIBILITY_MEMBERS).put(row, row)

    async def remove(self, group: VisibilityGroup, viewer: Viewer) -> None:
        table = (await self.work.begin()).table(VISIBILITY_MEMBERS)
        row = ViewerRow(group.id, viewer.user_id, viewer.team_id)
        if table.get(row) is None:
            raise NotInGroup
        table.remove(row)


@dataclass(frozen=True, slots=True)
class MemoryContents(Contents):
    work: MemoryWork

    async def hold(self, organization_id: OrganizationId) -> None:
        await self.work.begin()

    async def resource(self, organization_id: OrganizationId, name: ContentName, by: Eyes) -> ResourceId | None:
        tables = await self.work.begin()
        sought = organization_id, name.type, name.id
        for each in tables.table(RESOURCES).values():
            if (each.organization_id, each.type, each.external_id) == sought:
                rows = tables.table(VISIBILITY_CONTENTS).values()
                hiding = {row.group_id for row in rows if each.wall_id and row.resource_id == each.wall_id}
                return each.id if _open(hiding, tables, by) or each.owner_id == by.user_id else None
        return None

    async def add(self, group: VisibilityGroup, content: Content) -> None:
        tables = await self.work.begin()
        if content.user_id is None:
            resource = tables.table(RESOURCES).get(content.resource_id)
            known = bool(resource and resource.organization_id == group.organization_id)
        else:
            known = belongs(tables, group.organization_id, content.user_id)
        if not known:
            raise ContentNotFound
        row = ContentRow(group.id, group.organization_id, content.resource_id, content.user_id)
        if tables.table(VISIBILITY_CONTENTS).get(row):
            raise AlreadyInGroup
        tables.table(VISIBILITY_CONTENTS).put(row, row)
        self._rebuild(tables, content)

    async def remove(self, group: VisibilityGroup, content: Content) -> None:
        tables = await self.work.begin()
        row = ContentRow(group.id, group.organization_id, content.resource_id, content.user_id)
        if tables.table(VISIBILITY_CONTENTS).get(row) is None:
            raise NotInGroup
        tables.table(VISIBILITY_CONTENTS).remove(row)
        self._rebuild(tables, content)

    def _rebuild(self, tables: MemoryTables, content: Content) -> None:
        if content.resource_id:
            rebuild(tables, [content.resource_id])


@dataclass(frozen=True, slots=True)
class MemoryVisibilityLists(VisibilityLists):
    memory: Memory

    async def find(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroupInfo | None:
        group: VisibilityGroup | None = self.memory.table(GROUPS).get(group_id)
        return group.info if group and group.organization_id == organization_id else None

    async def list(
        self, organization_id: OrganizationId, after: GroupPlace | None, most: int
    ) -> Sequence[VisibilityGroupInfo]:
        groups: list[VisibilityGroup] = sorted(
            self.memory.table(GROUPS).values(), key=lambda each: (each.created_at, each.id), reverse=True
        )
        fitting = [
            each.info
            for each in groups
            if each.organization_id == organization_id
            and (after is None or (each.created_at, each.id) < (after.created_at, after.group_id))
        ]
        return fitting[:most]

    async def members(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[VisibilityMemberInfo]:
        if not await self.find(organization_id, group_id):
            return []
        rows: Iterable[ViewerRow] = self.memory.table(VISIBILITY_MEMBERS).values()
        places: dict[UUID | None, ViewerRow] = {
            each.user_id or each.team_id: each
            for each in rows
            if each.group_id == group_id and person_seen(self.memory, organization_id, each.user_id, by)
        }
        found = [places[place] for place in sorted(filter(None, places)) if after is None or place > after]
        return [VisibilityMemberInfo(each.user_id, each.team_id) for each in found[:most]]

    async def contents(
        self, organization_id: OrganizationId, group_id: GroupId, by: Eyes, after: UUID | None, most: int
    ) -> Sequence[Placed]:
        if not await self.find(organization_id, group_id):
            return []
        rows: Iterable[ContentRow] = self.memory.table(VISIBILITY_CONTENTS).values()
        found: dict[UUID, Placed] = {}
        for each in rows:
            place = each.resource_id or each.user_id
            if place and each.group_id == group_id and self._shows(each, by) and (after is None or place > after):
                found[place] = Placed(place, self._info(each))
        return [found[place] for place in sorted(found)][:most]

    def _shows(self, row: ContentRow, by: Eyes) -> bool:
        if row.resource_id is None:
            return person_seen(self.memory, row.organization_id, row.user_id, by)
        rows = self.memory.table(VISIBILITY_CONTENTS).values()
        same = {each.group_id for each in rows if each.resource_id == row.resource_id}
        return self.memory.table(RESOURCES)[row.resource_id].owner_id == by.user_id or _open(same, self.memory, by)

    def _info(self, row: ContentRow) -> VisibilityContentInfo:
        resource = self.memory.table(RESOURCES).get(row.resource_id)
        return VisibilityContentInfo(
            ContentName(resource.type, resource.external_id) if resource else None, row.user_id
        )


def _open(hiding: Collection[UUID], tables: MemoryTables | Memory, by: Eyes) -> bool:
    """Return whether what only these groups see is seen."""
    return by.bypass or not hiding or not groups_of(tables, by.user_id).isdisjoint(hiding)


def _has_team(tables: MemoryTables, organization_id: OrganizationId, team_id: TeamId) -> bool:
    team = tables.table(TEAMS).get(team_id)
    return bool(team and team.organization_id == organization_id)
