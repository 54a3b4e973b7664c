"""The relay against a real Postgres and a real RabbitMQ."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

import aio_pika
import pytest

from core.cloudevents import MEDIA_TYPE
from core.personal import PersonalKeys, new_salt
from core.postgres.database import Database
from core.postgres.sequencer import Sequencer
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from domain.kernel.ids import uuid7
from tests.support.facts import TRACE, fill, number, slots_held, state, until
from tests.support.running import running
from tests.support.subscriber import Subscriber, disorder, subscribed

LOST: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2"
POSITIONS = "SELECT count(*) FROM delivery_cursors WHERE position < (SELECT max(position) FROM events)"


@dataclass
class Notes:
    """Counts what the relay reports."""

    count: int = 0
    lags: list[float] = field(default_factory=list)

    def confirmed(self, event: Mapping[str, Any]) -> None:
        self.count += 1
        self.lags.append(time.time() - event["occurred_at"].timestamp())


async def test_a_committed_fact_arrives_as_a_cloud_event(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person, organization = uuid7(), uuid7()
    async with subscribed(rabbitmq_url) as subscriber:
        event = await state(connection, person, 1, type="identity.user.created", organization=organization)
        errand = Errand(exchange=subscriber.exchange, source="https://auth.example.org")
        async with running(Sequencer(database), Relay(database, rabbitmq_url, errand)):
            await until(lambda: arrived(subscriber, 1))
    (message,) = subscriber.messages
    body = json.loads(message.body)
    assert body.pop("time").endswith("Z")
    assert body == {
        "specversion": "1.0",
        "id": str(event),
        "source": "https://auth.example.org",
        "type": "identity.user.created",
        "subject": f"user/{person}",
        "datacontenttype": "application/json",
        "sequence": "0000000000000000001",
        "aggregatetype": "user",
        "aggregateid": str(person),
        "aggregateversion": 1,
        "schemaversion": 1,
        "dataschema": "https://auth.example.org/events/schemas/identity.user.created/1",
        "organizationid": str(organization),
        "traceparent": TRACE,
        "data": {"full_name": "Ada"},
    }
    assert message.routing_key == "identity.user.created"
    assert message.message_id == str(event)
    assert message.content_type == MEDIA_TYPE
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.headers["traceparent"] == TRACE


async def arrived(subscriber: Any, count: int) -> bool:
    return len(subscriber.ids) >= count


async def test_a_backlog_arrives_once_each_and_in_order_of_each_aggregate(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    notes = Notes()
    async with subscribed(rabbitmq_url) as subscriber:
        await fill(database.url, 1500, 40)
        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange, meter=notes))):
            await until(lambda: arrived(subscriber, 1500))
            await until(lambda: settled(connection))
    assert len(subscriber.ids) == notes.count == len(notes.lags) == 1500
    assert subscriber.doubles == 0
    assert disorder(subscriber.events) == 0


async def settled(connection: Any) -> bool:
    return bool(await connection.fetchval(POSITIONS) == 0)


async def test_two_relays_share_the_slots_and_one_takes_over_all(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    first, second = Notes(), Notes()
    async with (
        subscribed(rabbitmq_url) as subscriber,
        running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange, meter=first))),
    ):
        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange, meter=second))):
            await until(lambda: shared(connection))
            await fill(database.url, 1000, 100)
            await until(lambda: arrived(subscriber, 1000))
            assert first.count > 0
            assert second.count > 0
            await until(lambda: settled(connection))
        for version in range(1, 101):
            await state(connection, UUID(int=version << 64), 1)
        await number(connection)
        await until(lambda: arrived(subscriber, 1100))
        await until(lambda: settled(connection))
    assert disorder(subscriber.events) == 0


async def shared(connection: Any) -> bool:
    return await slots_held(connection) == [4, 4]


async def test_a_stop_repeats_nothing(database: Database, connection: Any, rabbitmq_url: str) -> None:
    await fill(database.url, 1200, 100)
    async with subscribed(rabbitmq_url) as subscriber:
        for share in (200, 500, 800, 1200):
            errand = Errand(exchange=subscriber.exchange, leave=20)
            async with running(Relay(database, rabbitmq_url, errand)):
                await until(partial(arrived, subscriber, share))
        await until(lambda: arrived(subscriber, 1200))
    assert (len(subscriber.ids), subscriber.doubles) == (1200, 0)


async def test_an_event_that_cannot_be_sent_is_parked_and_the_next_ones_go_on(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person = uuid7()
    async with subscribed(rabbitmq_url) as subscriber:
        await state(connection, person, 1)
        await state(connection, person, 2, type="identity." + "x" * 300)
        last = await state(connection, person, 3)
        async with running(Sequencer(database), Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange))):
            await until(lambda: arrived(subscriber, 2))
            await until(lambda: settled(connection))
    assert str(last) in subscriber.ids
    (parked,) = await connection.fetch("SELECT * FROM parked_events")
    assert (parked["sink"], parked["position"]) == ("rabbitmq", 2)
    assert parked["reason"]


async def test_what_nobody_is_bound_to_is_kept_aside(database: Database, connection: Any, rabbitmq_url: str) -> None:
    event = await state(connection, uuid7(), 1, type="nobody.cares.happened")
    async with subscribed(rabbitmq_url) as subscriber:
        errand = Errand(exchange=subscriber.exchange)
        async with running(Sequencer(database), Relay(database, rabbitmq_url, errand)):
            await until(lambda: settled_at(connection, 1))
        amqp = await aio_pika.connect(rabbitmq_url)
        async with amqp:
            channel = await amqp.channel()
            kept = await channel.declare_queue(f"{subscriber.exchange}.unrouted", passive=True)
            message = await kept.get(no_ack=True)
    assert message
    assert (message.message_id, message.exchange) == (str(event), subscriber.exchange)
    assert not subscriber.messages


async def test_what_the_broker_returns_is_published_again(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    async with subscribed(rabbitmq_url) as subscriber, await aio_pika.connect(rabbitmq_url) as amqp:
        channel = await amqp.channel()
        errand = Errand(exchange=subscriber.exchange)
        async with running(Sequencer(database), Relay(database, rabbitmq_url, errand)):
            await state(connection, uuid7(), 1)
            await until(lambda: settled_at(connection, 1))
            await channel.queue_delete(f"{subscriber.exchange}.unrouted")
            event = await state(connection, uuid7(), 1, type="nobody.cares.happened")
            await until(lambda: settled_at(connection, 2))
        kept = await channel.declare_queue(f"{subscriber.exchange}.unrouted", passive=True)
        message = await kept.get(no_ack=True)
    assert message
    assert message.message_id == str(event)


async def test_a_channel_that_the_broker_closes_costs_nothing(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person = uuid7()
    async with subscribed(rabbitmq_url) as subscriber:
        relay = Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange))
        async with running(Sequencer(database), relay):
            await state(connection, person, 1)
            await until(lambda: arrived(subscriber, 1))
            amqp = await aio_pika.connect(rabbitmq_url)
            async with amqp:
                await (await amqp.channel()).exchange_delete(subscriber.exchange)
                for version in range(2, 50):
                    await state(connection, person, version)
                await until(lambda: settled_at(connection, 49))
    assert await connection.fetchval("SELECT count(*) FROM parked_events") == 0


async def test_what_cannot_be_opened_waits_for_its_secret(
    database: Database, connection: Any, rabbitmq_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    person, keys = uuid7(), PersonalKeys((b"a key for personal data of 32 byt",))
    await connection.execute("INSERT INTO person_keys (person_id, salt) VALUES ($1, $2)", person, salt := new_salt())
    event = await state(connection, person, 1, type="identity.user.created")
    data = keys.hide({"email": "a@example.com"}, ("email",), person, salt, event)
    await connection.execute("UPDATE outbox SET data = $1 WHERE id = $2", json.dumps(data), event)
    await number(connection)

    async def refused() -> bool:
        return "cannot be opened" in caplog.text

    async with subscribed(rabbitmq_url) as subscriber:
        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange))):
            await until(refused)
        assert not subscriber.messages
        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange, people=keys))):
            await until(lambda: arrived(subscriber, 1))
    assert subscriber.events[0]["data"] == {"email": "a@example.com"}
    assert await connection.fetchval("SELECT count(*) FROM parked_events") == 0


async def settled_at(connection: Any, position: int) -> bool:
    return bool(await connection.fetchval("SELECT min(position) FROM delivery_cursors") == position)


@asynccontextmanager
async def lost(database: Database, connection: Any, url: str, hold: str, *, messages: int) -> AsyncIterator[Subscriber]:
    """Have a relay whose session goes at the end of the block, and that cannot do what takes the lock `hold` till then.

    Wait for so many messages afterwards, in all.
    """
    async with subscribed(url) as subscriber, AsyncExitStack() as holding:
        errand = Errand(exchange=subscriber.exchange)
        await holding.enter_async_context(running(Relay(database, url, errand)))
        await until(lambda: alone(connection))
        holder = await database.connect(60)
        holding.push_async_callback(holder.close)
        async with holder.transaction():
            await holder.execute(hold)
            yield subscriber
            await until(lambda: arrived(subscriber, 1))
            assert await connection.fetch(LOST, errand.name, await connection.fetchval("SELECT current_database()"))
        await until(lambda: settled(connection))
        await until(lambda: arrived(subscriber, messages))


async def test_an_event_with_the_position_of_one_that_a_failover_lost_is_sent(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    # It is confirmed, and no cursor says so.
    hold = "SELECT FROM delivery_cursors FOR UPDATE"
    async with lost(database, connection, rabbitmq_url, hold, messages=2) as subscriber:
        first, other = await state(connection, uuid7(), 1), uuid7()
        await number(connection)
        await until(lambda: arrived(subscriber, 1))
        await connection.execute("UPDATE events SET id = $1 WHERE id = $2", other, first)
    assert subscriber.ids == {str(first), str(other)}


async def test_what_was_given_up_is_parked_though_postgres_went_before_that_was_written(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    async with lost(database, connection, rabbitmq_url, "LOCK parked_events IN EXCLUSIVE MODE", messages=1):
        person = uuid7()
        await state(connection, person, 1, type="identity." + "x" * 300)
        await state(connection, person, 2)
        await number(connection)
    assert await connection.fetchval("SELECT count(*) FROM parked_events") == 1


async def alone(connection: Any) -> bool:
    return await slots_held(connection) == [8]
