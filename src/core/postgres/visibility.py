"""Visibility groups in Postgres, and which wall each resource stands behind.

`resources.wall_id` is the first of `resources.path` that is in a visibility group. It depends on rows of another table
and on other rows of its own, so whoever changes either must not meet another who does: all of them hold the tree first.

Locks, in this order: a visibility group; the organization's tree of teams; teams; its tree of resources; resources.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.postgres.base import mapping, refusing, versioned
from core.postgres.teams import GROUPS
from core.postgres.work import SqlWork
from domain.kernel.access import Eyes
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import GroupId, OrganizationId, ResourceId
from domain.visibility.errors import AlreadyInGroup, ContentNotFound, GroupNameTaken, GroupNotFound, NotInGroup
from domain.visibility.models import Content, VisibilityGroup
from domain.visibility.repositories import Contents, VisibilityGroups
from domain.visibility.schemas import ContentName

groups = Table(
    "visibility_groups",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(VisibilityGroup, groups, **versioned(groups))

KEPT: Final = {
    "uq_visibility_groups_name": GroupNameTaken,
    "fk_visibility_groups_organization_id": OrganizationNotFound,
}
HIDDEN: Final = {
    "fk_visibility_contents_user_id": ContentNotFound,
    "fk_visibility_contents_resource_id": ContentNotFound,
    "uq_visibility_contents": AlreadyInGroup,
}

_KEY: Final = "hashtextextended('gatewright-resources ' || CAST(:organization_id AS text), 0)"
_ALONE = text(f"SELECT pg_advisory_xact_lock({_KEY})")
_TOGETHER = text(f"SELECT pg_advisory_xact_lock_shared({_KEY})")
# In parts, each of which is answered well within the time that a statement has. Nothing moves meanwhile.
PART: Final = 5000
_RECOMPUTE = text("""
WITH part AS MATERIALIZED (
    SELECT id, path FROM resources
    WHERE organization_id = :organization_id AND path && CAST(:root_ids AS uuid[])
      AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :most
), behind AS (
    SELECT part.id, (
        SELECT above.id FROM unnest(part.path) WITH ORDINALITY AS above (id, distance)
        WHERE EXISTS (SELECT FROM visibility_contents c WHERE c.resource_id = above.id)
        ORDER BY above.distance LIMIT 1
    ) AS wall_id
    FROM part
), written AS (
    UPDATE resources SET wall_id = behind.wall_id FROM behind
    WHERE resources.id = behind.id AND resources.wall_id IS DISTINCT FROM behind.wall_id
)
SELECT id FROM part ORDER BY id DESC LIMIT 1
""")
_RESOURCE = text(f"""
SELECT r.id FROM resources r
WHERE r.organization_id = :organization_id AND r.type = :type AND r.external_id = :external_id
  AND (:bypass OR r.wall_id IS NULL OR r.owner_id = :user_id OR EXISTS (
    SELECT FROM visibility_contents c WHERE c.resource_id = r.wall_id AND c.group_id IN ({GROUPS})
  ))
""")  # noqa: S608 - made of constants
_ADD = text("""
INSERT INTO visibility_contents (group_id, organization_id, resource_id, user_id)
VALUES (:group_id, :organization_id, :resource_id, :user_id)
""")
_REMOVE = text("""
DELETE FROM visibility_contents
WHERE group_id = :group_id AND resource_id IS NOT DISTINCT FROM :resource_id AND user_id IS NOT DISTINCT FROM :user_id
RETURNING 1
""")
_EMPTY = text("DELETE FROM visibility_contents WHERE group_id = :group_id RETURNING resource_id")


async def hold_resources(session: AsyncSession, organization_id: OrganizationId, *, alone: bool) -> None:
    """Have nobody else move or wall resources of the organization until the transaction ends.

    `alone`, nobody puts any below another either: for whoever moves or walls some. Those who only put new ones below
    others hold it together. Whoever holds it together must not ask to hold it alone.
    """
    await session.execute(_ALONE if alone else _TOGETHER, {"organization_id": str(organization_id)})


async def recompute_walls(
    session: AsyncSession, organization_id: OrganizationId, root_ids: Collection[ResourceId]
) -> None:
    """Find out anew which wall `root_ids` and everything below them stand behind.

    Holds the tree of resources alone. A resource that is new needs none of this, for it is in no group yet: while the
    tree is held together, the `wall_id` of its parent is its own, too.
    """
    await hold_resources(session, organization_id, alone=True)
    asked = {"organization_id": organization_id, "root_ids": list(root_ids), "most": PART, "after": None}
    while last := await session.scalar(_RECOMPUTE, asked):
        asked["after"] = last


@dataclass(frozen=True, slots=True)
class SqlVisibilityGroups(VisibilityGroups):
    """Visibility groups, in the transaction of the command."""

    work: SqlWork

    async def get(self, organization_id: OrganizationId, group_id: GroupId) -> VisibilityGroup:
        """See `VisibilityGroups.get`."""
        session = await self.work.begin()
        found = select(VisibilityGroup).where(groups.c.organization_id == organization_id, groups.c.id == group_id)
        if group := await session.scalar(found.with_for_update()):
            return group
        raise GroupNotFound

    async def add(self, group: VisibilityGroup) -> None:
        """See `VisibilityGroups.add`."""
        session = await self.work.begin()
        session.add(group)
        with refusing(KEPT):
            await session.flush()

    async def keep(self, group: VisibilityGroup) -> None:  # noqa: ARG002 - the session knows what changed
        """See `VisibilityGroups.keep`."""
        session = await self.work.begin()
        with refusing(KEPT):
            await session.flush()

    async def remove(self, group: VisibilityGroup) -> None:
        """See `VisibilityGroups.remove`."""
        session = await self.work.begin()
        await hold_resources(session, group.organization_id, alone=True)
        gone = (await session.execute(_EMPTY, {"group_id": group.id})).scalars().all()
        if roots := [each for each in gone if each is not None]:
            await recompute_walls(session, group.organization_id, roots)
        await session.delete(group)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlContents(Contents):
    """What is in visibility groups, in the transaction of the command."""

    work: SqlWork

    async def hold(self, organization_id: OrganizationId) -> None:
        """See `Contents.hold`."""
        await hold_resources(await self.work.begin(), organization_id, alone=True)

    async def resource(self, organization_id: OrganizationId, name: ContentName, by: Eyes) -> ResourceId | None:
        """See `Contents.resource`."""
        asked = {"organization_id": organization_id, "type": name.type, "external_id": name.id}
        session = await self.work.begin()
        found: ResourceId | None = await session.scalar(_RESOURCE, asked | asdict(by))
        return found

    async def add(self, group: VisibilityGroup, content: Content) -> None:
        """See `Contents.add`."""
        session = await self.work.begin()
        row = {"group_id": group.id, "organization_id": group.organization_id}
        with refusing(HIDDEN):
            await session.execute(_ADD, row | asdict(content))
        await self._rebuild(session, group, content)

    async def remove(self, group: VisibilityGroup, content: Content) -> None:
        """See `Contents.remove`."""
        session = await self.work.begin()
        removed = await session.execute(_REMOVE, {"group_id": group.id} | asdict(content))
        if removed.first() is None:
            raise NotInGroup
        await self._rebuild(session, group, content)

    async def _rebuild(self, session: AsyncSession, group: VisibilityGroup, content: Content) -> None:
        if content.resource_id:
            await recompute_walls(session, group.organization_id, [content.resource_id])
