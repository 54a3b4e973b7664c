"""What goes with an organization, and with a member."""

import pytest

from domain.identity.models import User
from domain.kernel.errors import OrganizationNotFound
from domain.organizations.errors import MemberNotFound
from domain.organizations.models import Organization
from tests.contracts.organizations import founded, person
from tests.integration.organizations.ground import SqlGround

FILL = """
INSERT INTO roles (id, organization_id, name, permissions) VALUES ('{0}01', '{1}', 'custom', '{{a:b}}');
INSERT INTO role_inherits VALUES ('{0}01', '00000000-0000-7000-8000-000000000005');
INSERT INTO teams VALUES
    ('{0}02', '{1}', NULL, '{{{0}02}}', 'Above', now(), now(), 1),
    ('{0}03', '{1}', '{0}02', '{{{0}03,{0}02}}', 'Below', now(), now(), 1);
INSERT INTO team_members VALUES ('{0}03', '{1}', '{2}', 'member', now());
INSERT INTO resources VALUES
    ('{0}04', '{1}', 'folder', 'above', '{2}', NULL, '{{{0}04}}', '{0}04', '{{}}', now(), now(), 1),
    ('{0}05', '{1}', 'file', 'below', '{2}', '{0}04', '{{{0}05,{0}04}}', '{0}04', '{{}}', now(), now(), 1);
INSERT INTO visibility_groups VALUES ('{0}06', '{1}', 'Wall', now(), now(), 1);
INSERT INTO visibility_members VALUES ('{0}06', '{1}', '{2}', NULL), ('{0}06', '{1}', NULL, '{0}02');
INSERT INTO visibility_contents VALUES ('{0}06', '{1}', '{0}04', NULL), ('{0}06', '{1}', NULL, '{2}');
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, below, created_at) VALUES
    ('{0}07', '{1}', 'user', '{2}', '{0}01', NULL, false, now()),
    ('{0}08', '{1}', 'user', '{2}', '{0}01', '{0}04', true, now()),
    ('{0}09', '{1}', 'team', '{0}02', '{0}01', '{0}05', false, now());
INSERT INTO service_accounts VALUES ('{0}13', '{1}', 'Robot', '', true, now(), now(), 1);
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at) VALUES
    ('{0}14', '{1}', 'service_account', '{0}13', '{0}01', now());
INSERT INTO invitations VALUES ('{0}10', '{1}', 'x@example.com', '{0}01', '{2}', '{0}', now(), now(), 1);
INSERT INTO configuration_heads VALUES ('{0}11', '{1}', 'theme', '{0}12', '', now(), 1);
"""
OWNED = (
    "configuration_heads",
    "grants",
    "invitations",
    "memberships",
    "resources",
    "roles",
    "service_accounts",
    "team_members",
    "teams",
    "visibility_contents",
    "visibility_groups",
    "visibility_members",
)
HELD = {
    "grants": "subject_id",
    "memberships": "user_id",
    "team_members": "user_id",
    "visibility_contents": "user_id",
    "visibility_members": "user_id",
}


async def filled(ground: SqlGround, number: int, slug: str, user: User) -> Organization:
    """Return an organization with something of every kind in it."""
    made = await founded(ground, slug, user)
    async with ground.database.read() as connection:
        await connection.execute(FILL.format(f"00000000-0000-7000-9000-{number:010d}", made.id, user.id))
    return made


async def left(ground: SqlGround, table: str, where: str, value: object) -> int:
    async with ground.database.read() as connection:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where} = $1", value)
    return count


async def test_a_deleted_organization_takes_everything_with_it_and_nothing_of_others(ground: SqlGround) -> None:
    ada = await person(ground)
    made, other = await filled(ground, 1, "acme", ada), await filled(ground, 2, "other", ada)
    before = {table: await left(ground, table, "organization_id", other.id) for table in OWNED}

    async with ground.transaction() as ports:
        await ports.organizations.remove(await ports.organizations.get(made.id))

    assert {table: await left(ground, table, "organization_id", made.id) for table in OWNED} == dict.fromkeys(OWNED, 0)
    assert {table: await left(ground, table, "organization_id", other.id) for table in OWNED} == before
    assert all(before.values())
    async with ground.database.read() as connection:
        recorded = {row["scope"] for row in await connection.fetch("SELECT DISTINCT scope FROM access_changes")}
    assert {"user", "team", "role", "resource", "person", "service_account"} <= recorded
    with pytest.raises(OrganizationNotFound):
        async with ground.transaction() as ports:
            await ports.organizations.get(made.id)


async def test_a13_a_removed_member_leaves_nothing_behind_and_stays_elsewhere(ground: SqlGround) -> None:
    ada = await person(ground)
    made, other = await filled(ground, 1, "acme", ada), await filled(ground, 2, "other", ada)

    async with ground.transaction() as ports:
        await ports.memberships.remove(await ports.memberships.get(made.id, ada.id))

    async with ground.database.read() as connection:
        for table, column in HELD.items():
            count = f"SELECT count(*) FROM {table} WHERE {column} = $1 AND organization_id = $2"
            assert await connection.fetchval(count, ada.id, made.id) == 0, table
            assert await connection.fetchval(count, ada.id, other.id), table
    assert await left(ground, "resources", "organization_id", made.id) == 2
    with pytest.raises(MemberNotFound):
        async with ground.transaction() as ports:
            await ports.memberships.get(made.id, ada.id)
