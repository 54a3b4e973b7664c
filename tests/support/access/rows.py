"""Worlds in Postgres: read as rows, and changed by plain statements, as somebody with `psql` would."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from domain.kernel.consistency import ConsistencyToken
from tests.support.access.changing import GROUPS, ORGANIZATIONS, home
from tests.support.access.worlds import (
    Content,
    Granted,
    Inherits,
    Membership,
    Resource,
    Role,
    ServiceAccount,
    Team,
    TeamMember,
    User,
    Viewer,
    World,
    path,
    wall,
)

_TABLES: Final[Mapping[str, tuple[Any, str]]] = {
    "users": (User, "SELECT id, is_active, email_verified FROM users"),
    "service_accounts": (ServiceAccount, "SELECT id, organization_id, is_active FROM service_accounts"),
    "memberships": (Membership, "SELECT organization_id, user_id FROM memberships"),
    "teams": (Team, "SELECT id, organization_id, parent_id FROM teams"),
    "team_members": (TeamMember, "SELECT team_id, user_id FROM team_members"),
    "roles": (Role, "SELECT id, organization_id, permissions FROM roles"),
    "inherits": (Inherits, "SELECT role_id, inherited_id FROM role_inherits"),
    "resources": (
        Resource,
        "SELECT id, organization_id, type, external_id, owner_id, parent_id, attributes::text FROM resources",
    ),
    "viewers": (Viewer, "SELECT group_id, user_id, team_id FROM visibility_members"),
    "contents": (Content, "SELECT group_id, organization_id, resource_id, user_id FROM visibility_contents"),
    "grants": (
        Granted,
        """
        SELECT id, organization_id, subject_type, subject_id, role_id, resource_id, below, effect, condition::text,
            expires_at FROM grants
        """,
    ),
}
_FIRST: Final = tuple(_TABLES)
"""Parents before their children."""
_INSERT: Final = {
    "users": "INSERT INTO users (id, is_active, email_verified, email, epoch, created_at, updated_at, version)"
    " VALUES ($1, $2, $3, $1::uuid::text, 1, now(), now(), 1)",
    "service_accounts": "INSERT INTO service_accounts VALUES ($1, $2, $1::uuid::text, '', $3, now(), now(), 1)",
    "memberships": "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)",
    "teams": "INSERT INTO teams VALUES ($1, $2, $3, ARRAY[$1::uuid], $1::uuid::text, now(), now(), 1)",
    "team_members": "INSERT INTO team_members SELECT id, organization_id, $2, 'member', now() FROM teams WHERE id = $1",
    "roles": "INSERT INTO roles (id, organization_id, permissions, name) VALUES ($1, $2, $3, $1::uuid::text)",
    "inherits": "INSERT INTO role_inherits VALUES ($1, $2)",
    "grants": "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, below, effect,"
    " condition, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())",
    "resources": "INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, attributes, path,"
    " created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, ARRAY[$1::uuid], now(), now(), 1)",
    "viewers": "INSERT INTO visibility_members SELECT id, organization_id, $2, $3 FROM visibility_groups WHERE id = $1",
    "contents": "INSERT INTO visibility_contents VALUES ($1, $2, $3, $4)",
}
_DELETE: Final = {
    "memberships": "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2",
    "team_members": "DELETE FROM team_members WHERE team_id = $1 AND user_id = $2",
    "inherits": "DELETE FROM role_inherits WHERE role_id = $1 AND inherited_id = $2",
    "viewers": "DELETE FROM visibility_members WHERE group_id = $1 AND user_id IS NOT DISTINCT FROM $2"
    " AND team_id IS NOT DISTINCT FROM $3",
    "contents": "DELETE FROM visibility_contents WHERE group_id = $1 AND organization_id = $2"
    " AND resource_id IS NOT DISTINCT FROM $3 AND user_id IS NOT DISTINCT FROM $4",
}
_UPDATE: Final = {
    "users": "UPDATE users SET is_active = $2, email_verified = $3 WHERE id = $1",
    "service_accounts": "UPDATE service_accounts SET organization_id = $2, is_active = $3 WHERE id = $1",
    "teams": "UPDATE teams SET organization_id = $2, parent_id = $3 WHERE id = $1",
    "roles": "UPDATE roles SET organization_id = $2, permissions = $3 WHERE id = $1",
    "resources": "UPDATE resources SET organization_id = $2, type = $3, external_id = $4, owner_id = $5, parent_id = $6,"
    " attributes = $7 WHERE id = $1",
}
CASCADES: Final = ("organizations", "users", "service_accounts", "memberships", "roles", "visibility_groups")
"""What may be deleted with everything that hangs on it."""
_PLACE: Final = (
    "UPDATE teams SET path = $2 WHERE id = $1 AND path <> $2",
    "UPDATE resources SET path = $2, wall_id = $3 WHERE id = $1 AND (path, wall_id) IS DISTINCT FROM ($2, $3::uuid)",
)


async def read(connection: Any) -> World:
    """Return everything that is committed, or that this transaction sees."""
    found = World()
    for name, (kind, statement) in _TABLES.items():
        rows = await connection.fetch(statement)
        setattr(found, name, [kind(*(tuple(each) if isinstance(each, list) else each for each in row)) for row in rows])
    return found


async def furnish(connection: Any) -> None:
    """Add the organizations and visibility groups that are missing."""
    for each in ORGANIZATIONS:
        await connection.execute(
            "INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1) ON CONFLICT DO NOTHING", each, str(each)
        )
    for each in GROUPS:
        await connection.execute(
            "INSERT INTO visibility_groups VALUES ($1, $2, $3, now(), now(), 1) ON CONFLICT DO NOTHING",
            each,
            home(GROUPS, each),
            str(each),
        )


async def write(connection: Any, before: World, after: World) -> None:
    """Make of the rows of one world those of another, each by a statement of its own."""
    for name in reversed(_FIRST):
        kept = {_key(name, each) for each in getattr(after, name)}
        gone = [each for each in getattr(before, name) if _key(name, each) not in kept]
        for each in sorted(gone, key=lambda row: -len(_above(name, before, row))):
            await _delete(connection, name, each)
    for name in _FIRST:
        had = {_key(name, each): each for each in getattr(before, name)}
        for each in sorted(getattr(after, name), key=lambda row: len(_above(name, after, row))):
            if _key(name, each) not in had:
                await connection.execute(_INSERT[name], *each)
            elif each != had[_key(name, each)]:
                await connection.execute(_UPDATE[name], *each)
    await place(connection)


async def place(connection: Any) -> None:
    """Write paths and walls as they have to be."""
    world = await read(connection)
    for team in world.teams:
        await connection.execute(_PLACE[0], team.id, path(world.teams, team.id))
    for resource in world.resources:
        along = path(world.resources, resource.id)
        await connection.execute(_PLACE[1], resource.id, along, wall(world, along))


async def delete(connection: Any, table: str, number: int) -> None:
    """Delete one of what the tests made in `table`, and whatever hangs on it."""
    found = await connection.fetch(
        f"SELECT id FROM {table} WHERE id::text NOT LIKE '00000000-0000-7000-%'"
        f" AND id::text NOT LIKE '00000000-0000-0009-%' ORDER BY id"  # what tests hold open
    )
    if found:
        await connection.execute(f"DELETE FROM {table} WHERE id = $1", found[number % len(found)]["id"])
        await place(connection)


async def token(connection: Any) -> ConsistencyToken:
    """Return the token of the transaction that is under way."""
    row = await connection.fetchrow(
        "SELECT pg_current_xact_id()::text::bigint AS transaction, (SELECT log_id FROM log_head) AS log_id"
    )
    return ConsistencyToken(row["log_id"].bytes[:8], row["transaction"])


async def _delete(connection: Any, name: str, row: Any) -> None:
    if name in _DELETE:
        await connection.execute(_DELETE[name], *row)
    else:
        await connection.execute(f"DELETE FROM {name} WHERE id = $1", row.id)


def _key(name: str, row: Any) -> Any:
    return row.id if name in {"users", "service_accounts", "teams", "roles", "grants", "resources"} else row


def _above(name: str, world: World, row: Any) -> Sequence[UUID]:
    return path(getattr(world, name), row.id) if name in {"teams", "resources"} else ()
