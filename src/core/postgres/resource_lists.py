"""Resources in Postgres: what is shown of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from core.postgres.conditions import Condition, joined
from core.postgres.database import Database
from domain.kernel.access import Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Unavailable
from domain.kernel.ids import OrganizationId, ResourceId
from domain.resources.readers import ResourceFilter, ResourceReader
from domain.resources.schemas import ResourceInfo, ResourceName

# What a resource lies in is shown by name only to whoever sees that too.
_SELECT: Final = """
WITH page AS (
    SELECT r.* FROM resources r WHERE {where} AND {seen} ORDER BY r.id DESC LIMIT {most}
), parent AS (
    SELECT r.id, r.type, r.external_id FROM resources r WHERE r.id IN (SELECT parent_id FROM page) AND {seen}
)
SELECT page.id, page.organization_id, page.type, page.external_id, page.owner_id, parent.type AS parent_type,
       parent.external_id AS parent_external_id, page.attributes, page.created_at, page.updated_at, page.version
FROM page LEFT JOIN parent ON parent.id = page.parent_id ORDER BY page.id DESC
"""
TRIES: Final = 5
"""How often what somebody may see may change while it is being shown to them."""


class Sight(Protocol):
    """Know which resources an actor may see."""

    async def condition(self, actor: Actor, organization_id: OrganizationId, permission: str) -> Condition:
        """Return what is true of the rows `r` of `resources` on which the actor holds `permission`, as of now."""


@dataclass(frozen=True, slots=True)
class SqlResourceReader(ResourceReader):
    """Resources as they are at the moment, so newer than any command."""

    database: Database
    sight: Sight

    async def find(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        resource_id: ResourceId,
        seen: ConsistencyToken | None,  # noqa: ARG002 - what is shown is as of now
    ) -> ResourceInfo | None:
        """See `ResourceReader.find`."""
        found = await self._select(actor, organization_id, [Condition("r.id = {0}", (resource_id,))], 1)
        return found[0] if found else None

    async def list(
        self,
        actor: Actor,
        organization_id: OrganizationId,
        wanted: ResourceFilter,
        after: ResourceId | None,
        most: int,
        seen: ConsistencyToken | None,  # noqa: ARG002 - what is shown is as of now
    ) -> Sequence[ResourceInfo]:
        """See `ResourceReader.list`."""
        conditions = list(_conditions(organization_id, wanted))
        if after:
            conditions.append(Condition("r.id < {0}", (after,)))
        return await self._select(actor, organization_id, conditions, most)

    async def _select(
        self, actor: Actor, organization_id: OrganizationId, conditions: Sequence[Condition], most: int
    ) -> Sequence[ResourceInfo]:
        """Return up to `most` of those that the actor may see: the one place that resources are shown from."""
        seen = await self.sight.condition(actor, organization_id, Permission.RESOURCES_READ)
        for _ in range(TRIES):
            where, values = joined([Condition("r.organization_id = {0}", (organization_id,)), *conditions])
            visible, more = joined([seen], len(values) + 1)
            limit = f"${len(values) + len(more) + 1}"
            async with self.database.read() as connection:
                rows = await connection.fetch(
                    _SELECT.format(where=where, seen=visible, most=limit), *values, *more, most
                )
            before, seen = seen, await self.sight.condition(actor, organization_id, Permission.RESOURCES_READ)
            # The rows are newer than the first condition and older than the second: if that is the same, it held.
            if seen == before:
                return [_info(row) for row in rows]
        raise Unavailable


def _conditions(organization_id: OrganizationId, wanted: ResourceFilter) -> Iterator[Condition]:
    if wanted.type is not None:
        yield Condition("r.type = {0}", (wanted.type,))
    if wanted.owner is not None:
        yield Condition("r.owner_id = {0}", (wanted.owner,))
    if wanted.external_id_prefix is not None:
        yield Condition("starts_with(r.external_id, {0})", (wanted.external_id_prefix,))
    if wanted.parent is not None:
        # Equal to nothing, and not to null, where there is no such parent.
        yield Condition(
            "r.parent_id = (SELECT id FROM resources WHERE organization_id = {0} AND type = {1} AND external_id = {2})",
            (organization_id, wanted.parent.type, wanted.parent.external_id),
        )


def _info(row: Any) -> ResourceInfo:
    parent = row["parent_type"] and ResourceName(row["parent_type"], row["parent_external_id"])
    return ResourceInfo(
        id=row["id"],
        type=row["type"],
        external_id=row["external_id"],
        organization_id=row["organization_id"],
        owner=row["owner_id"],
        parent=parent,
        attributes=msgspec.json.decode(row["attributes"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
