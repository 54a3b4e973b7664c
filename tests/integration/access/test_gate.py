"""Who may do what, and the traps of policy engines that our grants must not have.

The facts F1 to F8 were seen in pycasbin, which decides nothing about our grants: each test says what would have gone
wrong.
"""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from uuid import UUID

import casbin
import pytest

from core.access.engine import NOW, AccessEngine
from core.access.gate import EngineGate
from core.pipeline import Gate
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from domain.access.engine.deciding import Outcome, Question, decide
from domain.identity.queries.list_users import ListUsers
from domain.kernel.access import Actor, Permission, member_of, needs
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, SessionId, UserId, uuid7
from domain.organizations.queries.get_configuration import GetConfiguration
from tests.support.databases import patient

ROOT = Path(__file__).parents[3]
MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""


def enforcer() -> Any:
    model = casbin.Enforcer.new_model(text=MODEL)
    return casbin.Enforcer(model)


@dataclass
class World:
    """Grants in a database, all gone at the end."""

    database: Database
    gates: tuple[Gate, ...]
    engine: AccessEngine

    async def role(self, *permissions: str, organization: UUID | None = PLATFORM) -> UUID:
        role = uuid7()
        await self._run(
            "INSERT INTO roles (id, organization_id, name, permissions) VALUES ($1, $2, $3, $4)",
            role,
            organization,
            str(role),
            list(permissions),
        )
        return role

    async def organization(self) -> OrganizationId:
        made = OrganizationId(uuid7())
        await self._run("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", made, str(made))
        return made

    async def grant(self, subject: UUID, role: UUID, organization: UUID = PLATFORM) -> UUID:
        grant = uuid7()
        await self._run(
            "INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)"
            " VALUES ($1, $1::uuid::text, true, true, 1, now(), now(), 1) ON CONFLICT DO NOTHING",
            subject,
        )
        await self._run(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
            " VALUES ($1, $2, 'user', $3, $4, now())",
            grant,
            organization,
            subject,
            role,
        )
        return grant

    async def withdraw(self, grant: UUID) -> None:
        assert await self._run("DELETE FROM grants WHERE id = $1", grant) == "DELETE 1"

    async def allows(self, subject: UUID, permission: Permission, within: OrganizationId | None = None) -> bool:
        """Ask every gate, and the engine too."""
        (allowed,) = {await self._passes(gate, subject, permission, within) for gate in self.gates}
        await self.engine.refresh(NOW)
        known, _ = await self.engine.known(UserId(subject), within or PLATFORM)
        decided = known is not None and decide(known, Question(permission), datetime.now(UTC)) is Outcome.ALLOWED
        assert decided is allowed
        return allowed

    async def _passes(self, gate: Gate, subject: UUID, permission: Permission, within: OrganizationId | None) -> bool:
        actor = Actor(UserId(subject), SessionId(uuid7()), None, 1)
        access = needs(permission, within="organization_id" if within else None)
        message = GetConfiguration(organization_id=within, namespace="a") if within else ListUsers()
        try:
            await gate.check(access, actor, message)
        except (Forbidden, OrganizationNotFound):
            return False
        return True

    async def _run(self, statement: str, *values: object) -> str:
        async with self.database.read() as connection:
            done: str = await connection.execute(statement, *values)
        return done


@pytest.fixture
async def world(fresh_database_url: str) -> AsyncIterator[World]:
    database = patient(fresh_database_url, 2)
    await database.open()
    engine = AccessEngine(SqlParts(database))
    yield World(database, (EngineGate(engine),), engine)
    await database.close()


async def test_f1_what_is_withdrawn_is_gone_with_the_next_question(world: World) -> None:
    ada = uuid7()
    grant = await world.grant(ada, await world.role("users:read"))
    assert await world.allows(ada, Permission.USERS_READ)

    await world.withdraw(grant)

    assert not await world.allows(ada, Permission.USERS_READ)
    # The trap: a rule that was added as a tuple cannot be removed, and its access stays.
    trap = enforcer()
    trap.add_policies([("ada", "users", "read")])
    assert trap.remove_policy("ada", "users", "read") is False
    assert trap.enforce("ada", "users", "read")


async def test_f2_without_any_grant_nobody_may_anything(world: World) -> None:
    for subject in (uuid7(), UUID(int=0)):
        assert not await world.allows(subject, Permission.USERS_READ)
    assert enforcer().enforce("", "", ""), "the trap: an engine without a rule allows the empty question"


async def test_f3_roles_do_not_pass_anything_on_however_long_the_chain(world: World) -> None:
    ada, first = uuid7(), await world.role("users:read")
    chain = [first]
    for _ in range(12):
        chain.append(await world.role(f"role:{chain[-1]}", str(chain[-1])))
    await world.grant(ada, chain[-1])

    assert not await world.allows(ada, Permission.USERS_READ)


@pytest.mark.parametrize("written", [".*", "users:.*", "users:*", "users:%", "users:rea_", "USERS:READ", "users:read "])
async def test_f4_a_permission_is_a_name_and_no_pattern(world: World, written: str) -> None:
    ada = uuid7()
    await world.grant(ada, await world.role(written))

    assert not await world.allows(ada, Permission.USERS_READ)


async def test_f4_only_a_system_role_means_everything_by_a_star(world: World) -> None:
    ada, grace = uuid7(), uuid7()
    await world.grant(ada, await world.role("*"))
    await world.grant(grace, await world.role("*", organization=None))

    assert not await world.allows(ada, Permission.USERS_READ)
    assert await world.allows(grace, Permission.USERS_READ)


async def test_f5_a_person_who_is_called_like_a_role_is_not_that_role(world: World) -> None:
    role = await world.role("users:read")
    await world.grant(uuid7(), role)

    assert not await world.allows(role, Permission.USERS_READ)
    trap = enforcer()
    trap.add_policy("admin", "users", "read")
    assert trap.enforce("admin", "users", "read"), "the trap: the name of a role is a subject like any other"


@pytest.mark.parametrize("written", ["users:write\nusers:read", "users:write, users:read", 'users:write", "users:read'])
async def test_f6_no_text_makes_a_second_rule(world: World, written: str) -> None:
    ada = uuid7()
    await world.grant(ada, await world.role(written))

    assert not await world.allows(ada, Permission.USERS_READ)
    assert not await world.allows(ada, Permission.USERS_WRITE)


async def test_f7_a_question_reads_the_rows_of_its_subject_alone(world: World) -> None:
    ada, role = uuid7(), await world.role("users:read")
    await world.grant(ada, role)
    async with world.database.read() as connection:
        await connection.execute(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at) "
            "SELECT gen_random_uuid(), $1, 'user', gen_random_uuid(), $2, now() "
            "FROM generate_series(1, 5000)",
            PLATFORM,
            role,
        )
        await connection.execute("ANALYZE grants")
        plan = await connection.fetch(
            "EXPLAIN SELECT FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.subject_type = 'user' "
            "AND g.subject_id = $1 AND g.organization_id = ANY ($2::uuid[])",
            ada,
            [PLATFORM],
        )
    told = "\n".join(row[0] for row in plan)
    assert "uq_grants_subject" in told
    assert "Seq Scan on grants" not in told
    assert await world.allows(ada, Permission.USERS_READ)


def test_f8_the_abandoned_engine_is_nowhere_and_the_live_one_far_from_requests() -> None:
    assert set(packages_distributions()["casbin"]) == {"pycasbin"}
    importing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"^\s*(?:import|from) casbin\b", path.read_text(), re.MULTILINE)
    }
    assert importing == {"src/core/casbin/child.py"}
    loaded = "import sys, api.app, core.casbin.workers; print('casbin' in sys.modules, 'simpleeval' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


async def test_a_grant_in_an_organization_says_nothing_about_another(world: World) -> None:
    ada, ours, theirs = uuid7(), await world.organization(), await world.organization()
    await world.grant(ada, await world.role("configuration:read", organization=ours), ours)

    assert await world.allows(ada, Permission.CONFIGURATION_READ, ours)
    assert not await world.allows(ada, Permission.CONFIGURATION_READ, theirs)
    assert not await world.allows(ada, Permission.CONFIGURATION_READ)


async def test_a_grant_on_the_platform_holds_in_every_organization(world: World) -> None:
    ada, ours = uuid7(), await world.organization()
    await world.grant(ada, await world.role("configuration:read"))

    assert await world.allows(ada, Permission.CONFIGURATION_READ, ours)


async def test_a1_membership_alone_lets_in_where_that_is_all_that_is_asked(world: World) -> None:
    ours, theirs, ada = await world.organization(), await world.organization(), UserId(uuid7())
    access, actor = member_of("organization_id"), Actor(ada, SessionId(uuid7()), None, 1)
    mine, others = (GetConfiguration(organization_id=each, namespace="a") for each in (ours, theirs))
    with pytest.raises(OrganizationNotFound):
        await world.gates[0].check(access, actor, mine)
    async with world.database.read() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version) "
            "VALUES ($1, 'ada@example.com', true, true, 1, now(), now(), 1)",
            ada,
        )
        await connection.execute("INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", uuid7(), ours, ada)

    await world.gates[0].check(access, actor, mine)

    with pytest.raises(OrganizationNotFound):
        await world.gates[0].check(access, actor, others)
    with pytest.raises(Forbidden):
        await world.gates[0].check(needs(Permission.CONFIGURATION_READ, within="organization_id"), actor, mine)


async def test_every_change_of_a_grant_is_recorded_however_it_is_made(world: World) -> None:
    ada, role = uuid7(), await world.role("users:read")
    grant = await world.grant(ada, role)
    async with world.database.read() as connection:
        await connection.execute("UPDATE roles SET permissions = '{}' WHERE id = $1", role)
    await world.withdraw(grant)

    async with world.database.read() as connection:
        # The system roles that migrations have changed are recorded, too.
        found = await connection.fetch(
            "SELECT scope, id FROM access_changes WHERE id = ANY ($1::uuid[]) ORDER BY seq", [ada, role]
        )
    assert [tuple(row) for row in found] == [("user", ada), ("user", ada), ("role", role), ("user", ada)]
