"""A release changes its system roles, and what was edited here stays."""

from collections.abc import Callable

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from core.postgres.seeding import extend, reseed, retract
from tests.integration.access.ground import SqlGround
from tests.support.memory.roles import SYSTEM

MAKE = """
INSERT INTO roles (id, organization_id, name, permissions, seeded)
VALUES (gen_random_uuid(), NULL, 'reseeded', $1::text[], $2::text[])
"""
READ = "SELECT {} FROM roles WHERE organization_id IS NULL AND name = 'reseeded'"


@pytest.mark.parametrize(
    ("seeded", "edited", "released", "expected"),
    [
        ("a:r b:r", "a:r b:r", "b:r c:r", "b:r c:r"),
        ("a:r b:r", "b:r a:r", "c:r", "c:r"),
        ("a:r b:r", "a:r b:r x:r", "b:r c:r", "b:r c:r x:r"),
        ("a:r b:r", "a:r", "a:r b:r c:r", "a:r c:r"),
        ("a:r b:r", "a:r c:r", "a:r b:r c:r", "a:r c:r"),
        ("a:r b:r", "", "a:r b:r", ""),
        ("a:r", "a:r x:r", "", "x:r"),
        ("", "x:r", "x:r it's:r", "it's:r x:r"),
    ],
)
async def test_applies_only_what_the_release_changed_itself(
    ground: SqlGround, seeded: str, edited: str, released: str, expected: str
) -> None:
    await ground.run(MAKE, edited.split(), seeded.split())

    for _ in range(2):
        async with ground.database.engine.begin() as connection:
            await connection.run_sync(_reseed, "reseeded", released.split())

        assert await ground.value(READ.format("permissions")) == expected.split()
        assert await ground.value(READ.format("seeded")) == sorted(released.split())
    await ground.run("DELETE FROM roles WHERE organization_id IS NULL AND name = 'reseeded'")


async def test_leaves_roles_of_organizations_alone(ground: SqlGround) -> None:
    ours = await ground.organization()
    await ground.run(
        "INSERT INTO roles (id, organization_id, name, permissions) VALUES (gen_random_uuid(), $1, 'member', '{a:r}')",
        ours,
    )
    async with ground.database.engine.connect() as connection:
        await connection.run_sync(_reseed, "member", ["b:r"])
        kept = await connection.exec_driver_sql("SELECT permissions FROM roles WHERE organization_id = $1", (ours,))
        changed = await connection.exec_driver_sql(READ.format("permissions").replace("reseeded", "member"))
        assert kept.scalar() == ["a:r"]
        assert changed.scalar() == ["b:r"]
        await connection.rollback()


@pytest.mark.parametrize(
    ("seeded", "edited", "more", "extended", "retracted"),
    [
        ("a:r", "a:r", "b:r c:r", "a:r b:r c:r", "a:r"),
        ("a:r", "", "b:r", "b:r", ""),
        ("a:r", "a:r x:r", "b:r", "a:r b:r x:r", "a:r x:r"),
        ("a:r b:r", "a:r", "b:r c:r", "a:r c:r", "a:r"),
        ("", "", "it's:r", "it's:r", ""),
    ],
)
async def test_adds_to_a_role_and_takes_that_out_whatever_else_it_comes_with(
    ground: SqlGround, seeded: str, edited: str, more: str, extended: str, retracted: str
) -> None:
    await ground.run(MAKE, edited.split(), seeded.split())

    for change, expected, left in (
        (extend, extended, {*seeded.split(), *more.split()}),
        (retract, retracted, {*seeded.split()} - {*more.split()}),
    ):
        for _ in range(2):
            async with ground.database.engine.begin() as connection:
                await connection.run_sync(_reseed, "reseeded", more.split(), change)

            assert await ground.value(READ.format("permissions")) == expected.split()
            assert await ground.value(READ.format("seeded")) == sorted(left)
    await ground.run("DELETE FROM roles WHERE organization_id IS NULL AND name = 'reseeded'")


async def test_gives_the_roles_of_a_release_what_its_migrations_say(ground: SqlGround) -> None:
    for each in SYSTEM.values():
        kept = await ground.value("SELECT permissions FROM roles WHERE id = $1", each.id)
        assert frozenset(kept) == each.permissions, each.name


def _reseed(
    connection: Connection, role: str, permissions: list[str], change: Callable[[str, list[str]], None] = reseed
) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        change(role, permissions)
