"""Resources in Postgres: what commands change."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import TextClause, text

from core.postgres.base import refusing
from core.postgres.work import SqlWork
from domain.access.facade import Subject
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ResourceId, UserId
from domain.resources.errors import (
    OwnerNotFound,
    ParentNotFound,
    ResourceNotEmpty,
    ResourceNotFound,
    ResourceTaken,
    TooDeep,
    TooManyMoved,
)
from domain.resources.models import Parent, Resource, ResourceKey, as_text
from domain.resources.ports import Belonging
from domain.resources.repositories import Resources

T = TypeVar("T")

AT_ONCE: Final = 1000
"""How many resources a statement is about: more would not be written in time on a busy machine."""
MANY: Final = 20
"""How many keys are worth a plan of their own."""
MISSING: Final = {
    "fk_resources_organization_id": OrganizationNotFound,
    "fk_resources_owner_id": OwnerNotFound,
    "fk_resources_parent_id": ParentNotFound,
}

# Whoever builds on a path shares this lock; whoever rewrites paths or walls has it alone. It is taken before any row.
_HOLD: Final = """
SELECT pg_advisory_xact_lock{}(hashtextextended('gatewright-resources ' || CAST(:organization_id AS uuid)::text, 0))
"""
_SHARED, _ALONE = text(_HOLD.format("_shared")), text(_HOLD.format(""))
# Rows are locked by a statement of their own: only the next one sees what others committed while this one waited.
_LOCK: Final = "SELECT r.id FROM resources r WHERE {} FOR NO KEY UPDATE"
_LOCK_IDS, _LOCK_ONE, _LOCK_BELOW = map(
    text,
    (
        _LOCK.format("r.id = ANY (CAST(:ids AS uuid[])) ORDER BY r.id"),
        _LOCK.format("r.id = :id AND r.organization_id = :organization_id"),
        _LOCK.format("r.path @> ARRAY[CAST(:id AS uuid)] AND r.id <> :id ORDER BY r.id LIMIT :most"),
    ),
)
_READ: Final = """
SELECT r.id, r.organization_id, r.type, r.external_id, r.owner_id, r.parent_id, p.type AS parent_type,
       p.external_id AS parent_external_id, r.path, r.attributes::text AS attributes, r.created_at, r.updated_at,
       r.version, r.wall_id
FROM {} LEFT JOIN resources p ON p.id = r.parent_id {}
"""
# One look into the unique index for each key: asked for the order, no other serves, whatever the planner believes about
# a table that was just filled.
_KEYS: Final = """
unnest(CAST(:types AS text[]), CAST(:external_ids AS text[])) AS k (type, external_id) CROSS JOIN LATERAL (
    SELECT * FROM resources f
    WHERE f.organization_id = :organization_id AND f.type = k.type AND f.external_id >= k.external_id
    ORDER BY f.external_id LIMIT 1
) r
"""
_READ_KEYS = text(_READ.format(_KEYS, "WHERE r.external_id = k.external_id"))
_READ_IDS = text(_READ.format("resources r", "WHERE r.id = ANY (CAST(:ids AS uuid[]))"))
# The wall is the first of a path that is in a visibility group.
_WALL: Final = """
(SELECT step.id FROM unnest({}) WITH ORDINALITY AS step (id, place)
 WHERE EXISTS (SELECT FROM visibility_contents c WHERE c.resource_id = step.id) ORDER BY step.place LIMIT 1)
"""
_ADD = text(f"""
INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, path, wall_id, attributes,
                       created_at, updated_at, version)
SELECT n.id, n.organization_id, n.type, n.external_id, n.owner_id, n.parent_id, n.path, {_WALL.format("n.path")},
       n.attributes, n.created_at, n.updated_at, n.version
FROM jsonb_to_recordset(CAST(:rows AS text)::jsonb)
     AS n (id uuid, organization_id uuid, type text, external_id text, owner_id uuid, parent_id uuid, path uuid[],
           attributes jsonb, created_at timestamptz, updated_at timestamptz, version bigint)
ORDER BY n.type, n.external_id
ON CONFLICT ON CONSTRAINT uq_resources_external_id DO NOTHING
""")  # noqa: S608 - made of constants
# A plan that was made and kept while the table was empty reads all of it for each key, until it is analysed.
_PLAN_AFRESH = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
_KEEP = text("""
UPDATE resources r SET owner_id = n.owner_id, parent_id = n.parent_id, attributes = n.attributes,
                       updated_at = n.updated_at, version = n.version
FROM jsonb_to_recordset(CAST(:rows AS text)::jsonb)
     AS n (id uuid, owner_id uuid, parent_id uuid, attributes jsonb, updated_at timestamptz, version bigint)
WHERE r.id = n.id
""")
_FOLLOWING = text("SELECT r.id FROM resources r WHERE r.path && CAST(:ids AS uuid[]) ORDER BY r.id LIMIT :most")
# Of several that moved, the nearest above a resource knows where the others are.
_MOVE = text(f"""
WITH following AS (
    SELECT DISTINCT ON (r.id) r.id, r.path[1:step.place - 1] || n.path AS path
    FROM resources r CROSS JOIN LATERAL unnest(r.path) WITH ORDINALITY AS step (id, place)
    JOIN jsonb_to_recordset(CAST(:rows AS text)::jsonb) AS n (id uuid, path uuid[]) ON n.id = step.id
    WHERE r.id = ANY (CAST(:ids AS uuid[]))
    ORDER BY r.id, step.place
)
UPDATE resources r SET path = f.path, wall_id = {_WALL.format("f.path")} FROM following f
WHERE r.id = f.id AND r.path <> f.path
""")  # noqa: S608 - made of constants
_REMOVE = text("DELETE FROM resources WHERE id = ANY (CAST(:ids AS uuid[]))")
_PEOPLE = text("""
SELECT user_id FROM memberships
WHERE organization_id = :organization_id AND user_id = ANY (CAST(:user_ids AS uuid[]))
""")
_BELONGS: Final = {
    "user": text("SELECT 1 FROM memberships WHERE organization_id = :organization_id AND user_id = :id FOR KEY SHARE"),
    "team": text("SELECT 1 FROM teams WHERE organization_id = :organization_id AND id = :id FOR KEY SHARE"),
    "service_account": text(
        "SELECT 1 FROM service_accounts WHERE organization_id = :organization_id AND id = :id FOR KEY SHARE"
    ),
}


@dataclass(frozen=True, slots=True)
class SqlResources(Resources):
    """Resources, in the transaction of the command: a thousand of them with each statement."""

    work: SqlWork

    async def hold(self, organization_id: OrganizationId, *, moving: bool) -> None:
        """See `Resources.hold`."""
        await self._run(_ALONE if moving else _SHARED, organization_id=organization_id)

    async def named(
        self, organization_id: OrganizationId, keys: Collection[ResourceKey]
    ) -> Mapping[ResourceKey, Resource]:
        """See `Resources.named`."""
        if len(keys) > MANY:
            await self._run(_PLAN_AFRESH)
        found: dict[ResourceKey, Resource] = {}
        for part in _parts(list(keys)):
            types, external_ids = [each.type for each in part], [each.external_id for each in part]
            rows = await self._run(_READ_KEYS, organization_id=organization_id, types=types, external_ids=external_ids)
            found.update((each.key, each) for each in map(_resource, rows))
        return found

    async def renewed(self, resources: Collection[Resource]) -> Mapping[ResourceKey, Resource]:
        """See `Resources.renewed`."""
        found: dict[ResourceKey, Resource] = {}
        for part in _parts(sorted(each.id for each in resources)):
            await self._run(_LOCK_IDS, ids=part)
            found.update((each.key, each) for each in map(_resource, await self._run(_READ_IDS, ids=part)))
        return found

    async def get(self, organization_id: OrganizationId, resource_id: ResourceId) -> Resource:
        """See `Resources.get`."""
        locked = await self._run(_LOCK_ONE, id=resource_id, organization_id=organization_id)
        for row in locked and await self._run(_READ_IDS, ids=[resource_id]):
            return _resource(row)
        raise ResourceNotFound

    async def add(self, resources: Sequence[Resource]) -> None:
        """See `Resources.add`. Those above come first, as they must be there; of equals always the same one."""
        session = await self.work.begin()
        ordered = sorted(resources, key=lambda each: (len(each.path), each.key))
        with refusing(MISSING):
            for part in _parts(ordered):
                added: Any = await session.execute(_ADD, {"rows": _rows(part)})
                if added.rowcount < len(part):
                    raise ResourceTaken

    async def keep(self, resources: Sequence[Resource]) -> None:
        """See `Resources.keep`."""
        session = await self.work.begin()
        with refusing(MISSING):
            for part in _parts(resources):
                await session.execute(_KEEP, {"rows": _rows(part)})

    async def move(self, resources: Sequence[Resource], most: int) -> None:
        """See `Resources.move`. Nobody puts anything below them meanwhile: see `hold`."""
        session = await self.work.begin()
        concerned = await self._run(_FOLLOWING, ids=[each.id for each in resources], most=most + 1)
        if len(concerned) > most:
            raise TooManyMoved
        with refusing({"ck_resources_path": TooDeep}):
            for part in _parts(resources):
                rows = msgspec.json.encode([{"id": each.id, "path": each.path} for each in part]).decode()
                for ids in _parts([row.id for row in concerned]):
                    await session.execute(_MOVE, {"rows": rows, "ids": ids})

    async def below(self, resource: Resource, most: int) -> Sequence[Resource]:
        """See `Resources.below`."""
        locked = await self._run(_LOCK_BELOW, id=resource.id, most=most)
        parts = [await self._run(_READ_IDS, ids=part) for part in _parts([row.id for row in locked])]
        return [_resource(row) for part in parts for row in part]

    async def remove(self, resources: Sequence[Resource]) -> None:
        """See `Resources.remove`. Those below go first, for the others must be empty."""
        session = await self.work.begin()
        ordered = sorted(resources, key=lambda each: -len(each.path))
        with refusing({"fk_resources_parent_id": ResourceNotEmpty}):
            for part in _parts(ordered):
                await session.execute(_REMOVE, {"ids": [each.id for each in part]})

    async def _run(self, statement: TextClause, **values: Any) -> Sequence[Any]:
        session = await self.work.begin()
        return (await session.execute(statement, values)).all()


@dataclass(frozen=True, slots=True)
class SqlBelonging(Belonging):
    """Who belongs to an organization, in the transaction of the command."""

    work: SqlWork

    async def people(self, organization_id: OrganizationId, user_ids: Collection[UserId]) -> Collection[UserId]:
        """See `Belonging.people`."""
        session = await self.work.begin()
        found = await session.scalars(_PEOPLE, {"organization_id": organization_id, "user_ids": list(user_ids)})
        return {*found}

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        """See `Belonging.includes`; whoever is included stays until the command ends."""
        asked = _BELONGS.get(subject.type)
        if asked is None:
            return False
        session = await self.work.begin()
        return (
            await session.execute(asked, {"organization_id": organization_id, "id": subject.id})
        ).first() is not None


def _parts(all_: Sequence[T]) -> Iterator[Sequence[T]]:
    return (all_[first : first + AT_ONCE] for first in range(0, len(all_), AT_ONCE))


def _resource(row: Any) -> Resource:
    parent = row.parent_id and Parent(ResourceId(row.parent_id), ResourceKey(row.parent_type, row.parent_external_id))
    return Resource(
        id=ResourceId(row.id),
        organization_id=OrganizationId(row.organization_id),
        key=ResourceKey(row.type, row.external_id),
        owner_id=row.owner_id,
        parent=parent,
        path=tuple(row.path),
        attributes=msgspec.json.decode(row.attributes),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        wall_id=row.wall_id,
    )


def _rows(resources: Sequence[Resource]) -> str:
    """Return the rows as JSON: arrays of their types asyncpg would have to ask each connection about."""
    rows = [
        {
            "id": each.id,
            "organization_id": each.organization_id,
            "type": each.key.type,
            "external_id": each.key.external_id,
            "owner_id": each.owner_id,
            "parent_id": each.parent.id if each.parent else None,
            "path": each.path,
            "attributes": msgspec.Raw(as_text(each.attributes).encode()),
            "created_at": each.created_at,
            "updated_at": each.updated_at,
            "version": each.version,
        }
        for each in resources
    ]
    return msgspec.json.encode(rows).decode()
