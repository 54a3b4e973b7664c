"""Events again, to one queue of a real RabbitMQ, from a real Postgres."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import pytest

from core.personal import PersonalKeys, new_salt
from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.rabbit.relay import Relay
from core.rabbit.replay import UNSENDABLE, QueueRefused, Replay, Stopped, check_queue
from domain.events.ports import EVERYTHING, Wanted
from domain.events.reading import Course
from domain.events.schemas import FeedCursor
from domain.kernel.ids import OrganizationId, uuid7
from tests.support.facts import fill, number, state, until
from tests.support.kept import course, kept, moved, sequences
from tests.support.running import running
from tests.support.subscriber import disorder, subscribed

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def traced(said: dict[str, Any]) -> dict[str, Any]:
    """Leave out which span published it: where a trace is recorded, each time is a span of its own in it."""
    version, trace, _, flags = said["traceparent"].split("-")
    return {**said, "traceparent": (version, trace, flags)}


async def test_everything_comes_again_as_it_came_first_and_to_nobody_else(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    await fill(database.url, 1500, 40)
    async with subscribed(rabbitmq_url) as subscriber, kept(rabbitmq_url) as queue:
        async with running(Relay(database, rabbitmq_url, Errand(exchange=subscriber.exchange))):

            async def arrived() -> bool:
                return len(subscriber.ids) == 1500

            await until(arrived)
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        cursors = await connection.fetch("SELECT * FROM delivery_cursors ORDER BY slot")
        await replay.run()
        messages = await queue.messages(1500)
    assert (replay.sent, replay.first, replay.last, replay.cursor.position) == (1500, 1, 1500, 1500)
    assert cursors == await connection.fetch("SELECT * FROM delivery_cursors ORDER BY slot")
    first = {message.message_id: message for message in subscriber.messages}
    assert len(subscriber.messages) == len(first) == len({message.message_id for message in messages}) == 1500
    for again in messages:
        before = first[again.message_id]
        assert traced(again.headers) == {**traced(before.headers), "x-replay": True}
        assert traced(json.loads(again.body)) == traced(json.loads(before.body))
        for said in ("content_type", "delivery_mode", "timestamp", "type"):
            assert getattr(again, said) == getattr(before, said)
    assert disorder([json.loads(message.body) for message in messages]) == 0


async def test_only_what_is_wanted_comes(database: Database, connection: Any, rabbitmq_url: str) -> None:
    mine = OrganizationId(uuid7())
    for version, kind in enumerate(("identity.user.created", "teams.team.created", "identity.user.renamed"), 1):
        for organization in (None, mine):
            await state(connection, uuid7(), version, type=kind, organization=organization)
    await number(connection)
    await connection.execute("UPDATE events SET occurred_at = $1::timestamptz + position * interval '1 hour'", BEGAN)
    for wanted, positions in {
        Wanted(("identity.user.*",)): [1, 2, 5, 6],
        Wanted(organization_id=mine): [2, 4, 6],
        Wanted(("*.*.created",), mine): [2, 4],
        Wanted(since=BEGAN + timedelta(hours=2), until=BEGAN + timedelta(hours=5)): [2, 3, 4],
        Wanted(("keys.key.removed",)): [],
    }.items():
        async with kept(rabbitmq_url) as queue:
            replay = Replay(database, rabbitmq_url, queue.name, await course(connection, 0, wanted))
            await replay.run()
            assert sequences(await queue.events(len(positions))) == positions
        assert (replay.sent, replay.cursor.position) == (len(positions), 6)


async def test_it_begins_after_a_cursor_and_ends_where_the_log_ended(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    await fill(database.url, 20, 20)
    asked = await course(connection, 12)
    await fill(database.url, 5, 5)
    async with kept(rabbitmq_url) as queue:
        await Replay(database, rabbitmq_url, queue.name, asked).run()
        assert sequences(await queue.events(8)) == list(range(13, 21))


async def test_a_queue_that_is_not_there_is_refused(database: Database, connection: Any, rabbitmq_url: str) -> None:
    await fill(database.url, 3)
    for name in ("no-such-queue", "", "x" * 256):
        with pytest.raises(QueueRefused):
            await check_queue(rabbitmq_url, name)
        replay = Replay(database, rabbitmq_url, name, await course(connection))
        with pytest.raises(QueueRefused):
            await replay.run()
        assert (replay.sent, replay.cursor.position) == (0, 0)


async def test_a_queue_that_is_another_connections_alone_is_refused(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as amqp:
        queue = await (await amqp.channel()).declare_queue(exclusive=True)
        with pytest.raises(QueueRefused, match="refuses"):
            await check_queue(rabbitmq_url, queue.name)


async def test_a_queue_that_goes_meanwhile_ends_it(database: Database, connection: Any, rabbitmq_url: str) -> None:
    await fill(database.url, 30_000, 100)
    async with kept(rabbitmq_url) as queue, await aio_pika.connect(rabbitmq_url) as amqp:
        channel = await amqp.channel()
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        going = asyncio.create_task(replay.run())
        await until(lambda: moved(replay, 200))
        await channel.queue_delete(queue.name)
        with pytest.raises(Stopped, match=r"no queue .* any more") as ended:
            await asyncio.wait_for(going, 60)
    assert 200 <= replay.cursor.position < 30_000
    assert ended.value.cursor.position == 0


async def test_a_queue_that_is_full_ends_it_after_a_while_and_it_goes_on_from_the_cursor(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    await fill(database.url, 100, 10)
    limits = {"x-max-length": 30, "x-overflow": "reject-publish"}
    async with kept(rabbitmq_url, **limits) as queue, kept(rabbitmq_url) as other:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection), patience=10)
        with pytest.raises(Stopped, match="nothing was confirmed for 10 seconds") as ended:
            await asyncio.wait_for(replay.run(), 60)
        reached = ended.value.cursor.position
        assert replay.sent == reached >= 20
        rest = Replay(database, rabbitmq_url, other.name, await course(connection, reached))
        await rest.run()
        assert sequences(await other.events(100 - reached))[0] == reached + 1


async def test_what_cannot_be_sent_is_told_and_the_next_ones_go_on(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    person = uuid7()
    for version, kind in enumerate(("identity.user.created", "identity." + "x" * 300, "identity.user.renamed"), 1):
        await state(connection, person, version, type=kind)
    await number(connection)
    async with kept(rabbitmq_url) as queue:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        await replay.run()
        assert sequences(await queue.events(2)) == [1, 3]
    assert (replay.sent, replay.first, replay.last, [*replay.unsendable]) == (2, 1, 3, [2])
    assert await connection.fetchval("SELECT count(*) FROM parked_events") == 0


async def test_what_is_archived_or_replaced_meanwhile_ends_it(
    database: Database, connection: Any, rabbitmq_url: str
) -> None:
    await fill(database.url, 10)
    await connection.execute("DELETE FROM events WHERE position <= 4")
    async with kept(rabbitmq_url) as queue:
        with pytest.raises(Stopped, match="gatewright archive"):
            await Replay(database, rabbitmq_url, queue.name, await course(connection, 3)).run()
        other = Course(FeedCursor(uuid7(), 4), 10, EVERYTHING)
        with pytest.raises(Stopped, match="replaced"):
            await Replay(database, rabbitmq_url, queue.name, other).run()
        await Replay(database, rabbitmq_url, queue.name, await course(connection, 4)).run()
        assert sequences(await queue.events(6)) == list(range(5, 11))


async def test_nothing_is_said_of_who_was_erased(database: Database, connection: Any, rabbitmq_url: str) -> None:
    ada, eve, salt, keys = uuid7(), uuid7(), new_salt(), PersonalKeys((b"a key for personal data of 32 byt",))
    await connection.execute("INSERT INTO person_keys (person_id, salt) VALUES ($1, $2)", ada, salt)
    for person in (ada, eve):
        event = await state(connection, person, 1, type="identity.user.created")
        data = keys.hide({"user_id": str(person), "email": "a@example.com"}, ("email",), person, salt, event)
        await connection.execute("UPDATE outbox SET data = $1 WHERE id = $2", json.dumps(data), event)
    await number(connection)
    async with kept(rabbitmq_url) as queue:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection), people=keys)
        await replay.run()
        there, gone = await queue.events(2)
    assert (there["data"], "erased" in there) == ({"user_id": str(ada), "email": "a@example.com"}, False)
    assert (gone["data"], gone["erased"]) == ({"user_id": str(eve), "email": None}, True)


async def test_it_ends_when_nothing_can_be_opened(database: Database, connection: Any, rabbitmq_url: str) -> None:
    person, keys = uuid7(), PersonalKeys((b"a key for personal data of 32 byt",))
    await connection.execute("INSERT INTO person_keys (person_id, salt) VALUES ($1, $2)", person, salt := new_salt())
    for version in range(1, 1501):
        event = await state(connection, uuid7(), version)
        data = keys.hide({"email": "a@example.com"}, ("email",), person, salt, event)
        await connection.execute("UPDATE outbox SET data = $1 WHERE id = $2", json.dumps(data), event)
    await number(connection)
    async with kept(rabbitmq_url) as queue:
        replay = Replay(database, rabbitmq_url, queue.name, await course(connection))
        with pytest.raises(Stopped, match=r"\d{3} events cannot be sent, the first at position 1: .*no key") as ended:
            await replay.run()
        assert await queue.events(0) == []
    assert UNSENDABLE <= len(replay.unsendable) < 1500
    assert ended.value.cursor.position == 0
