"""Whom and what walls hide, in memory."""

from typing import Any
from uuid import UUID

from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, UserId
from tests.support.memory.store import Memory
from tests.support.memory.tables import TEAM_MEMBERS, TEAMS, VISIBILITY_CONTENTS, VISIBILITY_MEMBERS
from tests.support.memory.work import MemoryTables


def groups_of(tables: MemoryTables | Memory, user_id: UserId) -> set[UUID]:
    """Return the visibility groups that the person is in, by themselves or by their teams."""
    own = {each.team_id for each in tables.table(TEAM_MEMBERS).values() if each.user_id == user_id}
    above = {part for each in tables.table(TEAMS).values() if each.id in own for part in each.path}
    viewers = tables.table(VISIBILITY_MEMBERS).values()
    return {each.group_id for each in viewers if each.user_id == user_id or each.team_id in above}


def person_seen(
    tables: MemoryTables | Memory, organization_id: OrganizationId, user_id: UserId | None, by: Eyes
) -> bool:
    """Return whether no wall of the organization hides the person."""
    rows = tables.table(VISIBILITY_CONTENTS).values()
    hiding = {each.group_id for each in rows if (each.organization_id, each.user_id) == (organization_id, user_id)}
    return by.bypass or by.user_id == user_id or not hiding or not groups_of(tables, by.user_id).isdisjoint(hiding)


def resource_seen(tables: MemoryTables | Memory, resource: Any, by: Eyes) -> bool:
    """Return whether no wall hides the resource, which is a row."""
    if by.bypass or resource.wall_id is None or resource.owner_id == by.user_id:
        return True
    rows = tables.table(VISIBILITY_CONTENTS).values()
    hiding = {each.group_id for each in rows if each.resource_id == resource.wall_id}
    return not groups_of(tables, by.user_id).isdisjoint(hiding)
