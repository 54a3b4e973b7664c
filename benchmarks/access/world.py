"""Organizations with very many grants, written by COPY."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

from core.clock import SystemClock
from core.postgres.database import Database
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId, uuid7

PER_PERSON: Final = 20
"""Grants of each person, each on a resource of their own."""
DEPTH: Final = 8
"""Steps of inheritance from the role that is granted to the one in which the permission is written."""
PATIENCE: Final = 300.0
PLATFORM: Final = """
INSERT INTO organizations VALUES ('00000000-0000-7000-8000-000000000001', 'Platform', 'platform', now(), now(), 1)
"""
ORGANIZATION: Final = "INSERT INTO organizations VALUES ($1, 'Office', 'office', now(), now(), 1)"
# What the tables are kept right and found by, and what makes it again.
KEPT: Final = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY ($1)
UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid::regclass::text = ANY ($1)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT format('ALTER TABLE %s DISABLE TRIGGER USER', each), format('ALTER TABLE %s ENABLE TRIGGER USER', each)
FROM unnest($1::text[]) AS each
"""
TABLES: Final = {
    "users": "id email email_verified is_active epoch created_at updated_at version",
    "memberships": "id organization_id user_id created_at version",
    "roles": "id organization_id name permissions",
    "role_inherits": "role_id inherited_id",
    "resources": "id organization_id type external_id path created_at updated_at version",
    "grants": "id organization_id subject_type subject_id role_id resource_id created_at",
}

EMPTY: Final = f"TRUNCATE organizations, access_changes, {', '.join(TABLES)} CASCADE"


@dataclass(frozen=True, slots=True)
class World:
    """An organization with people, each of whom was granted something on resources of their own."""

    organization: OrganizationId
    reader: RoleId
    """Everybody's role: `document:read`."""
    people: list[UserId]
    things: list[ResourceId]
    """Their external ids are `d0`, `d1` and so on."""
    seconds: float
    """How long it took to write."""

    def things_of(self, person: int) -> list[ResourceId]:
        """Return what a person was granted something on."""
        return self.things[person * PER_PERSON : (person + 1) * PER_PERSON]


async def written(database: Database, grants: int) -> World:
    """Empty the database, and write so many grants on as many resources."""
    began, now = perf_counter(), SystemClock().now()
    people = [UserId(uuid7()) for _ in range(grants // PER_PERSON)]
    things = [ResourceId(uuid7()) for _ in range(grants)]
    office, reader = OrganizationId(uuid7()), RoleId(uuid7())
    async with _in_bulk(database) as connection:
        await connection.execute(EMPTY)
        await connection.execute(PLATFORM)
        await connection.execute(ORGANIZATION, office)
        await copied(connection, "roles", [(reader, office, "reader", ["document:read"])])
        await copied(connection, "users", ((p, f"{p}@x", True, True, 0, now, now, 1) for p in people))
        await copied(connection, "memberships", ((uuid7(), office, p, now, 1) for p in people))
        await copied(
            connection,
            "resources",
            ((thing, office, "document", f"d{n}", [thing], now, now, 1) for n, thing in enumerate(things)),
        )
        await copied(
            connection,
            "grants",
            ((uuid7(), office, "user", people[n // PER_PERSON], reader, thing, now) for n, thing in enumerate(things)),
        )
        await connection.execute(f"ANALYZE {', '.join(TABLES)}", timeout=PATIENCE)
    return World(office, reader, people, things, perf_counter() - began)


async def add_roles(database: Database, world: World, count: int) -> list[RoleId]:
    """Add roles that inherit from each other in chains; return the lowest of each, which gives `report:read`."""
    lowest, chain = list[RoleId](), DEPTH + 1
    roles, inherits = list[Any](), list[Any]()
    for number in range(count // chain):
        links = [RoleId(uuid7()) for _ in range(chain)]
        lowest.append(links[0])
        for step, role in enumerate(links):
            gives = "report:read" if step == DEPTH else f"step{step}:read"
            roles.append((role, world.organization, f"role {number}.{step}", [gives]))
        inherits += pairwise(links)
    async with _in_bulk(database) as connection:
        await copied(connection, "roles", roles)
        await copied(connection, "role_inherits", inherits)
        await connection.execute("ANALYZE roles, role_inherits", timeout=PATIENCE)
    return lowest


async def grant(database: Database, world: World, person: UserId, roles: Iterable[RoleId]) -> None:
    """Grant roles on the whole organization."""
    now = SystemClock().now()
    async with database.read() as connection:
        rows = [(uuid7(), world.organization, "user", person, role, None, now) for role in roles]
        await copied(connection, "grants", rows)


async def copied(connection: Any, table: str, records: Iterable[Any]) -> None:
    """Write rows."""
    await connection.copy_records_to_table(table, columns=TABLES[table].split(), records=records, timeout=PATIENCE)


@asynccontextmanager
async def _in_bulk(database: Database) -> AsyncIterator[Any]:
    """Connect for many rows: indexes, foreign keys and triggers are made again at the end."""
    connection = await database.connect(statement_timeout="0", maintenance_work_mem="256MB", synchronous_commit="off")
    try:
        async with connection.transaction():
            kept = await connection.fetch(KEPT, list(TABLES))
            for drop, _ in kept:
                await connection.execute(drop)
            yield connection
            for _, make in kept:
                await connection.execute(make, timeout=PATIENCE)
    finally:
        await connection.close()
