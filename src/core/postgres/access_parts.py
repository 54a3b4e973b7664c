"""The parts of access in Postgres: one statement loads them, and tells what changed, from one snapshot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from core.access.snapshots import Snapshot
from core.access.source import Change, Look, Source
from core.postgres.access_rows import resources, roles, teams, users
from core.postgres.database import Database
from domain.access.engine.parts import (
    SERVICE_ACCOUNT,
    USER,
    Key,
    Name,
    Part,
)
from domain.kernel.ids import OrganizationId, ResourceId

MOST: Final = 10_000
"""Changes that are worth reading one by one."""

NOW: Final = (
    "pg_current_snapshot()::text AS snapshot, (SELECT log_id FROM log_head) AS log_id,"
    " pg_postmaster_start_time()::text AS server"
)
# Rows of transactions that the known snapshot saw already are among them where one was running for long. The parameter
# is hidden in a subquery, so that a plan for any will do and none is made for each; the order says which index to use.
CHANGES: Final = f"""
SELECT json_agg(json_build_array(c.transaction::text::bigint, c.scope, c.id))
FROM (
    SELECT * FROM access_changes WHERE transaction >= (SELECT $1::text::xid8) ORDER BY transaction LIMIT {MOST + 1}
) c
"""  # noqa: S608 - made of constants
_GRANT: Final = """
json_build_object('id', g.id, 'organization_id', g.organization_id, 'role_id', g.role_id, 'resource_id', g.resource_id,
    'below', g.below, 'allows', g.effect = 'allow', 'condition', g.condition, 'expires_at', g.expires_at)
"""
_LOOK: Final = f"SELECT {NOW}, ({CHANGES}) AS changes"
# People, teams and roles, with what a decision about them needs besides. Every step is one of an index, however many
# roles there are: a lateral join that may not be moved is never made by reading a table. As with the changes, what is
# asked for is hidden from the planner, which takes longer than the execution does.
_HOLDERS: Final = """
person AS (
    SELECT id, is_active, email_verified, 'user' AS kind FROM users
    WHERE id = ANY (ARRAY(SELECT unnest((SELECT $2::uuid[]))))
    UNION ALL
    SELECT id, is_active, NULL, 'service_account' FROM service_accounts
    WHERE id = ANY (ARRAY(SELECT unnest((SELECT $2::uuid[]))))
), team AS (
    SELECT id, organization_id, path FROM teams WHERE id = ANY (ARRAY(
        SELECT unnest((SELECT $3::uuid[])) UNION SELECT unnest(t.path) FROM person p
        CROSS JOIN LATERAL (SELECT team_id FROM team_members WHERE user_id = p.id OFFSET 0) m
        CROSS JOIN LATERAL (SELECT path FROM teams WHERE id = m.team_id OFFSET 0) t
    ))
), wanted (id, depth) AS (
    SELECT id, 0 FROM unnest((SELECT $4::uuid[])) AS id
    UNION
    SELECT g.role_id, 0
    FROM (SELECT kind AS type, id FROM person UNION ALL SELECT 'team', id FROM team) s
    CROSS JOIN LATERAL (SELECT role_id FROM grants WHERE subject_type = s.type AND subject_id = s.id OFFSET 0) g
    UNION
    SELECT i.inherited_id, w.depth + 1
    FROM wanted w CROSS JOIN LATERAL (SELECT inherited_id FROM role_inherits WHERE role_id = w.id OFFSET 0) i
    WHERE w.depth < 8
)
"""
_HELD: Final = f"""
    (SELECT json_agg(json_build_object('id', p.id, 'is_active', p.is_active, 'email_verified', p.email_verified,
        'organizations', ARRAY(SELECT organization_id FROM memberships WHERE user_id = p.id
                               UNION ALL SELECT organization_id FROM service_accounts WHERE id = p.id),
        'teams', ARRAY(SELECT team_id FROM team_members WHERE user_id = p.id),
        'groups', ARRAY(SELECT group_id FROM visibility_members WHERE user_id = p.id),
        'walls', (SELECT coalesce(json_agg(json_build_array(organization_id, group_id)), '[]')
                  FROM visibility_contents WHERE user_id = p.id),
        'grants', (SELECT coalesce(json_agg({_GRANT}), '[]') FROM grants g
                   WHERE g.subject_type = p.kind AND g.subject_id = p.id), 'kind', p.kind))
     FROM person p)::text AS users,
    (SELECT json_agg(json_build_object('id', t.id, 'organization_id', t.organization_id, 'path', t.path,
        'groups', ARRAY(SELECT group_id FROM visibility_members WHERE team_id = t.id),
        'grants', (SELECT coalesce(json_agg({_GRANT}), '[]') FROM grants g
                   WHERE g.subject_type = 'team' AND g.subject_id = t.id))) FROM team t)::text AS teams,
    (SELECT json_agg(json_build_object('id', r.id, 'organization_id', r.organization_id, 'permissions', r.permissions,
        'inherits', ARRAY(SELECT inherited_id FROM role_inherits WHERE role_id = r.id)))
     FROM roles r WHERE r.id = ANY (ARRAY(SELECT id FROM wanted)))::text AS roles
"""  # noqa: S608 - made of constants
_NAMED: Final = """
named (id) AS (
    SELECT unnest((SELECT ${0}::uuid[]))
    UNION
    SELECT wall_id FROM resources WHERE id = ANY (ARRAY(SELECT unnest((SELECT ${0}::uuid[])))) AND wall_id IS NOT NULL
)
"""
_RESOURCES: Final = """
    (SELECT json_agg(json_build_object('id', r.id, 'organization_id', r.organization_id, 'type', r.type,
        'external_id', r.external_id, 'owner_id', r.owner_id, 'path', r.path, 'wall_id', r.wall_id,
        'groups', ARRAY(SELECT group_id FROM visibility_contents WHERE resource_id = r.id),
        'attributes', r.attributes)) FROM resources r WHERE r.id = ANY (ARRAY(SELECT id FROM named)))::text AS resources
"""
_LOAD: Final = f"WITH RECURSIVE {{}} SELECT {NOW}, ({CHANGES}) AS changes, {{}}"
_LOAD_HOLDERS: Final = _LOAD.format(_HOLDERS, _HELD)
_LOAD_RESOURCES: Final = _LOAD.format(_NAMED.format(2), _RESOURCES)
_LOAD_BOTH: Final = _LOAD.format(f"{_HOLDERS}, {_NAMED.format(5)}", f"{_HELD}, {_RESOURCES}")
# Planned each time: where there are no statistics yet, what is best for one name is very bad for a thousand.
_FIND: Final = """
SELECT r.organization_id, r.type, r.external_id, r.id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n (organization_id, type, external_id)
JOIN resources r USING (organization_id, type, external_id)
"""


@dataclass(frozen=True, slots=True)
class SqlParts(Source):
    """Reads parts from the primary: a replica may be behind what its own changes say."""

    database: Database

    async def look(self, since: Snapshot | None, keys: Collection[Key]) -> Look:
        """See `Source.look`."""
        statement, wanted = _asked(keys)
        async with self.database.read() as connection:
            row = await connection.fetchrow(statement, oldest(since), *wanted)
        return Look(
            Snapshot.parse(row["snapshot"], row["log_id"].bytes[:8], row["server"]),
            changes(row["changes"]) if since else None,
            _parts(row, keys),
        )

    async def find(self, organization_id: OrganizationId, type_: str, external_id: str) -> ResourceId | None:
        """See `Source.find`."""
        name = Name(organization_id, type_, external_id)
        return (await self.find_all([name])).get(name)

    async def find_all(self, names: Collection[Name]) -> Mapping[Name, ResourceId]:
        """See `Source.find_all`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_FIND, *map(list, zip(*names, strict=True)))
        return {Name(*row[:3]): ResourceId(row["id"]) for row in rows}


_NEVER: Final = str(2**63)
"""A transaction that there will never be: nothing has changed since."""
_SCOPES: Final = ("user", "team", "role", "resource")
_RECORDED: Final = {SERVICE_ACCOUNT: USER, "person": USER}
"""Scopes that changes are recorded under and parts do not have, and whose parts are meant: whom walls hide is a part of
who they are."""
_told = msgspec.json.Decoder(list[tuple[int, str, UUID]])


async def loaded(connection: Any, keys: Collection[Key]) -> Mapping[Key, Part | None]:
    """Load `keys` and what comes with them, as `Source.look` does, as the transaction of `connection` sees them."""
    statement, wanted = _asked(keys)
    return _parts(await connection.fetchrow(statement, _NEVER, *wanted), keys)


def _asked(keys: Collection[Key]) -> tuple[str, list[list[UUID]]]:
    """Return the statement that loads no more than `keys` take, and what it is asked with."""
    if not keys:
        return _LOOK, []
    *holders, resources = [[key.id for key in keys if key.scope == scope] for scope in _SCOPES]
    if not any(holders):
        return _LOAD_RESOURCES, [resources]
    return (_LOAD_BOTH, [*holders, resources]) if resources else (_LOAD_HOLDERS, holders)


def oldest(since: Snapshot | None) -> str:
    """Return the parameter of `CHANGES` for a process that knows `since`."""
    return str(since.xmin) if since else _NEVER


def changes(told: str | None) -> Sequence[Change] | None:
    """Return what `CHANGES` found; None if that was too much to read."""
    rows = _told.decode(told) if told else []
    if len(rows) > MOST:
        return None
    return [Change(transaction, Key(_RECORDED.get(scope, scope), id_)) for transaction, scope, id_ in rows]


def _parts(row: Mapping[str, Any], keys: Collection[Key]) -> Mapping[Key, Part | None]:
    found: dict[Key, Part | None] = dict.fromkeys(keys)
    for scope, column, decoder in (
        ("user", "users", users),
        ("team", "teams", teams),
        ("role", "roles", roles),
        ("resource", "resources", resources),
    ):
        if told := row.get(column):
            found |= {Key(scope, each.id): each.part() for each in decoder.decode(told)}
    return found
