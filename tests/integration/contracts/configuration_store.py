"""What a store of bodies and the heads in Postgres promise together."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel.errors import PreconditionFailed
from domain.organizations.documents import Document
from domain.organizations.models import Body
from domain.organizations.ports import BodyMissing, ConfigurationBodies
from domain.organizations.schemas import Configuration
from tests.contracts.configuration_heads import put
from tests.integration.contracts.configuration import SqlLedger


async def fail(ledger: SqlLedger, orphan: Body) -> None:
    """Put `orphan` in force, but for the commit."""
    async with ledger.command() as (heads, _):
        head = await heads.find(ledger.organization_id, "theme")
        assert head
        head.move(orphan)
        raise ZeroDivisionError


class ConfigurationStoreSuite:
    """Subclasses provide the fixtures `bodies` and `ledger`."""

    @pytest.mark.parametrize("expected", [None, 1], ids=["first", "replacement"])
    async def test_of_many_at_once_one_wins(
        self, ledger: SqlLedger, bodies: ConfigurationBodies, expected: int | None
    ) -> None:
        if expected:
            await ledger.put({}, None, bodies)

        outcomes = await asyncio.gather(
            *(ledger.put({"by": number}, expected, bodies) for number in range(8)), return_exceptions=True
        )

        won = [outcome for outcome in outcomes if isinstance(outcome, Configuration)]
        assert [type(outcome) for outcome in outcomes if outcome not in won] == [PreconditionFailed] * 7
        assert [await ledger.get(bodies)] == won
        assert await ledger.announced() == list(range(1, won[0].version + 1))

    async def test_a_command_that_fails_at_the_end_leaves_only_a_body(
        self, ledger: SqlLedger, bodies: ConfigurationBodies
    ) -> None:
        put = await ledger.put({"colour": "red"}, None, bodies)
        orphan = Body(
            ledger.organization_id,
            "theme",
            2,
            Document.parse({"colour": "grey"}),
            datetime.now(UTC) - timedelta(days=2),
        )
        await bodies.put(orphan)

        with pytest.raises(ZeroDivisionError):
            await fail(ledger, orphan)

        assert await ledger.get(bodies) == put
        assert await ledger.announced() == [1]
        assert await ledger.cleaner(bodies).collect_orphans() >= 1
        with pytest.raises(BodyMissing):
            await bodies.get(orphan.id)
        assert await ledger.get(bodies) == put
        assert (await ledger.put({"colour": "blue"}, 1, bodies)).version == 2

    async def test_collects_what_an_organization_leaves_behind(
        self, ledger: SqlLedger, bodies: ConfigurationBodies
    ) -> None:
        written_at = datetime.now(UTC) - timedelta(days=2)
        first, second = (
            Body(ledger.organization_id, "theme", 1, Document.parse({"n": number}), written_at) for number in range(2)
        )
        for each in (first, second):
            await bodies.put(each)
            await put(ledger, each)
        await ledger.cleaner(bodies).collect_orphans()
        assert [await bodies.get(each.id) for each in (first, second)] == [first.document, second.document]

        await ledger.dissolve()
        await ledger.cleaner(bodies).collect_orphans()

        for each in (first, second):
            with pytest.raises(BodyMissing):
                await bodies.get(each.id)
