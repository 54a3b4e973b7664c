"""Policy models in Postgres."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.postgres.database import Database
from core.postgres.policy_models import TIED, SqlPolicyModels, SqlPolicyReader
from domain.access.policies.ports import EQUAL, PolicyModels, PolicyReader, Start
from domain.access.policies.rules import Rule
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from tests.contracts.policy_models import PolicyModelsContract, put
from tests.integration.contracts.configuration import SqlLedger, opened


@dataclass
class SqlShelf:
    ledger: SqlLedger

    def __post_init__(self) -> None:
        self.organization_id: OrganizationId = self.ledger.organization_id
        self.reader: PolicyReader = SqlPolicyReader(self.ledger.database)

    @asynccontextmanager
    async def command(self) -> AsyncIterator[tuple[PolicyModels, Events]]:
        async with self.ledger.work() as work:
            yield SqlPolicyModels(work), work


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
async def shelf(database: Database) -> SqlShelf:
    ledger = SqlLedger(database)
    await ledger.found()
    return SqlShelf(ledger)


class TestSqlPolicyModels(PolicyModelsContract):
    """On the tables of the migrations."""


async def test_f7_a_question_reads_the_rules_of_its_subject_alone(shelf: SqlShelf, database: Database) -> None:
    rules = [Rule("p", (f"user:{number}", "data", "read")) for number in range(20_000)]
    made = await put(shelf, *rules)
    async with database.read() as connection:
        await connection.execute("ANALYZE policy_rules")
        plan = await connection.fetch(f"EXPLAIN {TIED}", made.id, [EQUAL], ["user:7"], EQUAL, 1001)
    told = "\n".join(row[0] for row in plan)

    assert "ix_policy_rules_subject" in told
    assert "Seq Scan on policy_rules" not in told
    assert await shelf.reader.slice(made, [Start(EQUAL, "user:7")], EQUAL) == [rules[7]]


async def test_the_rules_go_with_their_organization(shelf: SqlShelf, database: Database) -> None:
    made = await put(shelf, Rule("p", ("ada", "data", "read")))
    await shelf.ledger.dissolve()

    async with database.read() as connection:
        assert await connection.fetchval("SELECT count(*) FROM policy_rules WHERE model_id = $1", made.id) == 0
