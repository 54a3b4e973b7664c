"""What is simulated is what would be measured, and nothing is left of it."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from domain.access.commands.update_role import UpdateRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.kernel.errors import ConcurrentChange, Overloaded
from domain.organizations.commands.remove_member import RemoveMember
from tests.contracts.simulating import Office, TrialsContract, office
from tests.integration.api.conftest import configured
from tests.support.access.machine import SEEDS
from tests.support.access.simulated import Compared
from tests.support.served import Served, served

__all__ = ["office"]

AUDIT: Final = ("audit_pending",)
"""Where it is written that something was simulated."""
DEEP: Final = bool(os.environ.get("GATEWRIGHT_DEEP"))
WORLDS, CHANGES = (60, 24) if DEEP else (6, 10)


@pytest.fixture
async def site(access_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(configured(tmp_path, database_url=access_url, redis_url=redis_url)) as made:
        yield made


@pytest.fixture
async def comparing(
    fresh_database_url: str, redis_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> AsyncIterator[Compared]:
    """Yield what compares, and fail if nothing was compared."""
    configuration = configured(tmp_path, database_url=fresh_database_url, redis_url=redis_url)
    async with served(configuration, Compared) as made:
        yield made
        record_property("compared", dict(made.compared))
        assert made.compared["changes"] >= WORLDS
        assert made.compared["differences"]


class TestSqlTrials(TrialsContract):
    pass


# A smaller number is not a smaller world: there is nothing to shrink.
@settings(
    max_examples=WORLDS,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=SEEDS)
async def test_a7_what_is_simulated_is_what_is_measured(comparing: Compared, seed: int) -> None:
    random = Random(seed)
    await comparing.begin(random)
    for _ in range(CHANGES):
        if case := await comparing.plan(random):
            await comparing.check(case, random)


async def test_nothing_is_left_of_what_is_simulated(comparing: Compared) -> None:
    random = Random(7)
    await comparing.begin(random)
    tried = 0
    while tried < 3 * WORLDS:
        if not (case := await comparing.plan(random)):
            continue
        before = await everything(comparing.connection)
        outcome = await comparing.outcome(comparing.simulated(case, random))
        after = await everything(comparing.connection)
        written = {name: rows - before[name] for name, rows in after.items() if rows != before[name]}
        assert {*written} <= {*AUDIT}
        assert all("access.change.simulate" in row for rows in written.values() for row in rows)
        tried += not isinstance(outcome, type)
        await comparing.check(case, random)


async def test_simulations_beside_commands_disturb_nobody(site: Served) -> None:
    office_ = await Office.of(site)
    people = [await office_.person() for _ in range(4)]
    role = await office_.role("document:read")
    for each in people[:2]:
        await office_.grant(each, role.name)

    async def simulate(number: int) -> str:
        change = [
            UpdateRole(organization_id=office_.id, role_id=role.id, permissions=["document:write"]),
            office_.granting(people[2], role.name),
            RemoveMember(organization_id=office_.id, user_id=people[number % 4]),
        ][number % 3]
        try:
            told = await office_.told(change)
        except (ConcurrentChange, Overloaded) as refusal:
            return type(refusal).__name__
        assert set(told) <= set(people)
        return "told"

    async def change(number: int) -> str:
        permissions = ["document:read", f"document:x{number}"]
        await site.send(UpdateRole(organization_id=office_.id, role_id=role.id, permissions=permissions), office_.root)
        made = await office_.grant(people[3], role.name)
        await site.send(WithdrawGrant(organization_id=office_.id, grant_id=made.id), office_.root)
        return "done"

    async def changes() -> list[str]:
        return [await change(number) for number in range(15)]

    done, *told = await asyncio.gather(changes(), *(simulate(number) for number in range(30)))

    assert done == ["done"] * 15
    assert Counter(told)["told"] > 0
    assert set(told) <= {"told", "ConcurrentChange", "Overloaded"}
    names = await site.connection.fetchval("SELECT permissions FROM roles WHERE id = $1", role.id)
    assert set(names) == {"document:read", "document:x14"}
    assert await site.connection.fetchval("SELECT count(*) FROM grants WHERE role_id = $1", role.id) == 2


async def everything(connection: Any) -> dict[str, set[str]]:
    """Return the bytes of every row of every table."""
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: {row[0] for row in await connection.fetch(f'SELECT t::text FROM "{name}" t')} for (name,) in tables}
