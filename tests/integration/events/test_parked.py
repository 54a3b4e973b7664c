"""What the relay gave up, on a real broker."""

from typing import Any

import pytest

from core.postgres.database import Database
from core.postgres.parked import SqlParkedEvents
from core.rabbit.errand import Errand
from core.rabbit.parked import Retrying, parked_events
from domain.kernel.ids import uuid7
from tests.contracts.parked_events import ParkedEventsContract, Siding
from tests.support.facts import number, state, until
from tests.support.subscriber import disorder, subscribed

PARK = "INSERT INTO parked_events (sink, position, reason) SELECT $1, unnest($2::bigint[]), 'the broker was in a mood'"


class TestSqlParkedEvents(ParkedEventsContract):
    @pytest.fixture
    def siding(self, database: Database, connection: Any) -> Siding:
        async def park(sink: str, position: int) -> None:
            await connection.execute(PARK, sink, [position])

        return Siding(SqlParkedEvents(database), park)


async def test_what_is_parked_is_told_and_goes_out_when_it_is_tried_again(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person = uuid7()
    stated = [await state(connection, person, version) for version in (1, 2, 3, 4)]
    await number(connection)
    await connection.execute(PARK, "rabbitmq", [2, 4])
    await connection.execute(PARK, "elsewhere", [1])
    first, second = await parked_events(database, "rabbitmq")
    assert (first.position, first.reason, first.id) == (2, "the broker was in a mood", stated[1])
    assert (first.type, first.aggregate_type, first.aggregate_id) == ("identity.user.renamed", "user", person)
    assert (first.aggregate_version, second.position) == (2, 4)
    async with subscribed(rabbitmq_url) as subscriber:
        sent = await Retrying(database, rabbitmq_url, Errand(exchange=subscriber.exchange))([2, 3, 4])

        async def arrived() -> bool:
            return len(subscriber.ids) == 2

        await until(arrived)
    assert sent == [2, 4]
    assert [message.message_id for message in subscriber.messages] == [str(stated[1]), str(stated[3])]
    assert disorder(subscriber.events) == 0
    assert "x-replay" not in subscriber.messages[0].headers
    assert await parked_events(database, "rabbitmq") == []
    assert [each.position for each in await parked_events(database, "elsewhere")] == [1]


async def test_what_fails_again_stays_parked_and_holds_up_nothing(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person = uuid7()
    await state(connection, person, 1)
    await state(connection, person, 2, type="identity." + "x" * 300)
    await state(connection, person, 3)
    await number(connection)
    await connection.execute("DELETE FROM events WHERE position = 1")
    await connection.execute(PARK, "rabbitmq", [1, 2, 3])
    async with subscribed(rabbitmq_url) as subscriber:
        errand = Errand(exchange=subscriber.exchange)
        assert await Retrying(database, rabbitmq_url, errand)([1, 2, 3]) == [3]
        assert await Retrying(database, rabbitmq_url, errand)([1, 2, 3]) == []
    gone, long = await parked_events(database, "rabbitmq")
    assert (gone.position, gone.id, gone.reason) == (1, None, "it has left the database")
    assert (long.position, "255 bytes" in long.reason) == (2, True)
