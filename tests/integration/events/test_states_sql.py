"""The tables of the commands keep the contract of states."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.postgres import state_rows
from core.postgres.database import Database
from core.postgres.log import LogFollower
from core.postgres.states import SqlStates
from domain.events.errors import DigestTooLarge
from domain.events.kinds import KINDS, Kind
from domain.events.ports import Selection
from domain.kernel.errors import Overloaded
from domain.kernel.ids import OrganizationId, uuid7
from tests.contracts.states import GREATEST, USERS, StatesContract
from tests.support.facts import number, state

USER = """
INSERT INTO users (id, is_active, email_verified, email, epoch, created_at, updated_at, version)
VALUES ($1, true, true, $1::uuid::text, 1, now(), now(), $2)
"""
ORGANIZATION = "INSERT INTO organizations VALUES ($1, 'Acme', $1::uuid::text, now(), now(), 1)"
TEAM = """
INSERT INTO teams (id, organization_id, path, name, created_at, updated_at, version)
VALUES ($1, $2, ARRAY[$1::uuid], 'Crew', now(), now(), $3)
"""


@dataclass
class SqlWorld:
    states: SqlStates
    connection: Any

    async def user(self, version: int) -> UUID:
        made = uuid7()
        await self.connection.execute(USER, made, version)
        return made

    async def team(self, version: int) -> tuple[UUID, OrganizationId]:
        made, organization = uuid7(), OrganizationId(uuid7())
        await self.connection.execute(ORGANIZATION, organization)
        await self.connection.execute(TEAM, made, organization, version)
        return made, organization

    async def member(self, team: UUID, organization: OrganizationId) -> UUID:
        made = await self.user(1)
        await self.connection.execute(
            "INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", uuid7(), organization, made
        )
        await self.connection.execute(
            "INSERT INTO team_members VALUES ($1, $2, $3, 'member', now())", team, organization, made
        )
        return made

    async def waits(self, user: UUID, *versions: int) -> None:
        for version in versions:
            await state(self.connection, user, version)

    async def gone(self, user: UUID) -> None:
        await self.connection.execute("DELETE FROM users WHERE id = $1", user)


@pytest.fixture
def world(database: Database, connection: Any) -> SqlWorld:
    return SqlWorld(SqlStates(database, LogFollower(database)), connection)


class TestSqlStates(StatesContract):
    pass


@pytest.mark.parametrize("whose", [None, OrganizationId(uuid7())], ids=["all", "one"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
async def test_every_kind_can_be_read(world: SqlWorld, kind: Kind, whose: OrganizationId | None) -> None:
    if whose and not kind.in_organization:
        return
    chosen = Selection(kind, whose)
    for thing in await world.states.things(chosen, None, 10):
        assert isinstance(msgspec.json.decode(thing.data), dict)
    if not kind.is_part:
        await world.states.bounds(chosen, UUID(int=0), GREATEST)
        await world.states.count(chosen, [UUID(int=0)], GREATEST)


def test_every_kind_has_rows() -> None:
    assert state_rows.ROWS.keys() == KINDS.keys()


async def test_system_roles_are_told_as_they_are(world: SqlWorld) -> None:
    roles = await world.states.things(Selection(KINDS["role"]), None, 100)
    found = {msgspec.json.decode(each.data)["name"]: each for each in roles}
    assert {"superuser", "owner", "auditor"} <= found.keys()
    assert "events:read" in msgspec.json.decode(found["auditor"].data)["permissions"]
    assert found["auditor"].organization_id is None


async def test_counting_waits_until_the_end_of_what_takes_others_along_is_numbered(world: SqlWorld) -> None:
    team, organization = await world.team(1)
    await state(world.connection, organization, 2, type="organizations.organization.deleted", organization=organization)
    await world.connection.execute("DELETE FROM organizations WHERE id = $1", organization)
    chosen = Selection(KINDS["team"])
    counting = asyncio.create_task(world.states.count(chosen, [UUID(int=0)], GREATEST))
    await asyncio.sleep(0)
    await number(world.connection)
    cursor, (counted,) = await asyncio.wait_for(counting, 60)
    assert (cursor.position, counted.count) == (1, 0)
    assert team


async def test_it_gives_up_if_nobody_numbers(world: SqlWorld) -> None:
    await state(world.connection, uuid7(), 2, type="organizations.organization.deleted")
    with pytest.raises(Overloaded):
        await world.states.count(Selection(KINDS["team"]), [UUID(int=0)], GREATEST)


async def test_two_do_not_count_at_once(world: SqlWorld) -> None:
    await state(world.connection, uuid7(), 2, type="organizations.organization.deleted")
    waiting = asyncio.create_task(world.states.count(Selection(KINDS["team"]), [UUID(int=0)], GREATEST))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await world.states.count(USERS, [UUID(int=0)], GREATEST)
    await number(world.connection)
    await asyncio.wait_for(waiting, 60)


async def test_the_platform_does_not_wait_for_an_organization_nor_the_other_way_round(world: SqlWorld) -> None:
    _, organization = await world.team(1)
    await state(world.connection, uuid7(), 2, type="organizations.organization.deleted")
    own, whole = Selection(KINDS["team"], organization), Selection(KINDS["team"])
    counting = [asyncio.create_task(world.states.count(each, [UUID(int=0)], GREATEST)) for each in (own, whole)]
    await asyncio.sleep(0)
    for each in (own, whole):
        with pytest.raises(Overloaded):
            await world.states.count(each, [UUID(int=0)], GREATEST)
    await number(world.connection)
    await asyncio.wait_for(asyncio.gather(*counting), 60)


async def test_what_takes_too_long_is_refused_and_leaves_nothing_behind(database: Database, connection: Any) -> None:
    await connection.execute(
        "INSERT INTO users SELECT gen_random_uuid(), i::text, true, NULL, NULL, true, 1, now(), now(), 1 FROM generate_series(1, 20000) i"
    )
    with pytest.raises(DigestTooLarge):
        await SqlStates(database, LogFollower(database), seconds=0.001).count(USERS, [UUID(int=0)], GREATEST)
    _, (counted,) = await SqlStates(database, LogFollower(database)).count(USERS, [UUID(int=0)], GREATEST)
    assert counted.count == 20_000
