"""Resources in Postgres: what is shown of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.postgres.conditions import Condition, around, joined
from core.postgres.database import Database
from core.postgres.sight import Seen, Sight, shown
from domain.kernel.access import Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId
from domain.resources.readers import ResourceFilter, ResourceReader
from domain.resources.schemas import ResourceInfo, ResourceName

# What a resource lies in is shown by name only to whoever sees that too, and its owner to whoever sees them.
_SELECT: Final = """
WITH page AS (
    SELECT r.*, CASE WHEN {owned} THEN r.owner_id END AS shown_owner FROM resources r
    WHERE {where} AND {readable} ORDER BY r.id DESC LIMIT {most}
), parent AS (
    SELECT r.id, r.type, r.external_id FROM resources r WHERE r.id IN (SELECT parent_id FROM page) AND {readable}
)
SELECT page.id, page.organization_id, page.type, page.external_id, page.shown_owner, parent.type AS parent_type,
       parent.external_id AS parent_external_id, page.attributes, page.created_at, page.updated_at, page.version
FROM page LEFT JOIN parent ON parent.id = page.parent_id ORDER BY page.id DESC
"""
# Children of something that is not seen are children of nothing.
_CHILDREN: Final = """
r.parent_id IN (
    SELECT r.id FROM resources r
    WHERE r.organization_id = {0} AND r.type = {1} AND r.external_id = {2} AND {{inner}}
)
"""


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
        wanted = Condition("r.id = {0}", (resource_id,))
        found = await shown(
            self.sight, actor, organization_id, lambda seen: self._select(organization_id, seen, [wanted], 1)
        )
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
        return await shown(
            self.sight,
            actor,
            organization_id,
            lambda sees: self._select(organization_id, sees, _conditions(organization_id, wanted, after, sees), most),
        )

    async def _select(
        self, organization_id: OrganizationId, seen: Seen, wanted: Iterable[Condition], most: int
    ) -> Sequence[ResourceInfo]:
        """Return up to `most` of those that are seen: the one place that resources are shown from."""
        where, values = joined([Condition("r.organization_id = {0}", (organization_id,)), *wanted])
        readable, more = joined([seen.readable], len(values) + 1)
        values += more
        owned, more = joined([seen.owned], len(values) + 1)
        values += more
        limit = f"${len(values) + 1}"
        statement = _SELECT.format(where=where, readable=readable, owned=owned, most=limit)
        async with self.database.read() as connection:
            return [_info(row) for row in await connection.fetch(statement, *values, most)]


def _conditions(
    organization_id: OrganizationId, wanted: ResourceFilter, after: ResourceId | None, seen: Seen
) -> Iterator[Condition]:
    if after:
        yield Condition("r.id < {0}", (after,))
    if wanted.type is not None:
        yield Condition("r.type = {0}", (wanted.type,))
    if wanted.owner is not None:
        yield around("r.owner_id = {0} AND {{inner}}", seen.owned, wanted.owner)
    if wanted.external_id_prefix is not None:
        yield Condition("starts_with(r.external_id, {0})", (wanted.external_id_prefix,))
    if wanted.parent is not None:
        yield around(_CHILDREN, seen.readable, organization_id, wanted.parent.type, wanted.parent.external_id)


def _info(row: Any) -> ResourceInfo:
    parent = row["parent_type"] and ResourceName(row["parent_type"], row["parent_external_id"])
    return ResourceInfo(
        id=row["id"],
        type=row["type"],
        external_id=row["external_id"],
        organization_id=row["organization_id"],
        owner=row["shown_owner"],
        parent=parent,
        attributes=msgspec.json.decode(row["attributes"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
