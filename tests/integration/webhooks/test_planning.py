"""Whoever is far behind keeps nobody waiting, and nobody reads what is none of their business."""

import json

import pytest

from core.webhooks.planning import BATCH, MOST_WAITING, PLAN, REST, TAKEN, plan
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.webhooks.models import Webhook
from domain.webhooks.schemas import DeliveryState
from tests.integration.webhooks.ground import SqlGround, nodes
from tests.support.facts import fill, number, state

LAGGARDS = TAKEN + 5
NEVER = "teams.team.created"
"""What no event here is."""
WAITING = """
INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id)
SELECT gen_random_uuid(), $1, gen_random_uuid(), -i, 'identity.user.created', gen_random_uuid()
FROM generate_series(1, $2) i
"""

BUSY = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, organization_id)
SELECT gen_random_uuid(), 'team', gen_random_uuid(), 1, 'teams.team.created', 1, '{}', $2 FROM generate_series(1, $1)
"""


ARCHIVED = """
WITH gone AS (DELETE FROM events WHERE position <= $1)
INSERT INTO archived_partitions (log, first, last, entries, first_at, last_at, file, bytes, sha256)
VALUES ('events', 1, $1, $1, now(), now(), 'events-1', 1, '')
"""


async def planned(ground: SqlGround, times: int = 1) -> int:
    """Plan so many times; return how many deliveries that made."""
    async with ground.database.read() as connection:
        return sum([(await plan(connection, PLATFORM))[1] for _ in range(times)])


async def cursor(ground: SqlGround, webhook: Webhook) -> int:
    async with ground.database.read() as connection:
        found: int = await connection.fetchval("SELECT position FROM webhook_cursors WHERE webhook_id = $1", webhook.id)
    return found


async def late(ground: SqlGround, where: OrganizationId = PLATFORM, *types: str) -> Webhook:
    """Return a webhook that starts at the beginning of the log."""
    made, _ = await ground.webhook("https://example.com/", *types, where=where)
    await ground.run("UPDATE webhook_cursors SET position = 0 WHERE webhook_id = $1", made.id)
    return made


async def test_laggards_keep_nobody_waiting(ground: SqlGround) -> None:
    await fill(ground.database.url, BATCH * 4)
    for _ in range(LAGGARDS):
        await late(ground, PLATFORM, NEVER)
    prompt, _ = await ground.webhook("https://example.com/")
    await fill_one(ground)
    assert await planned(ground, 2) == 1
    assert len(await ground.told(prompt)) == 1


async def fill_one(ground: SqlGround) -> None:
    async with ground.database.read() as connection:
        await state(connection, uuid7(), 1, type="identity.user.created")
        await number(connection)


async def test_those_that_have_enough_waiting_rest_and_keep_nobody_waiting(ground: SqlGround) -> None:
    full = [await late(ground) for _ in range(LAGGARDS)]
    for each in full:
        await ground.run(WAITING, each.id, MOST_WAITING)
    prompt, _ = await ground.webhook("https://example.com/")
    await fill_one(ground)
    assert await planned(ground, 2) == 1
    assert len(await ground.told(prompt)) == 1
    assert {await cursor(ground, each) for each in full} == {0}
    async with ground.database.read() as connection:
        assert await plan(connection, PLATFORM) == (0, 0), "they rest"


async def test_an_organization_that_has_no_events_is_at_the_end_at_once(ground: SqlGround) -> None:
    ours, other = await ground.organization(), await ground.organization()
    await fill(ground.database.url, BATCH * 4)
    webhook, idle = await late(ground, ours), await late(ground, other)
    async with ground.database.read() as connection:
        event = await state(connection, uuid7(), 1, type="identity.user.created", organization=ours)
        await number(connection)
    assert await planned(ground) == 1
    assert [each.event_id for each in await ground.told(webhook)] == [event]
    assert await cursor(ground, webhook) == await cursor(ground, idle) == BATCH * 4 + 1


async def test_an_organization_with_many_events_is_told_all_of_them_in_parts(ground: SqlGround) -> None:
    ours = await ground.organization()
    webhook = await late(ground, ours)
    async with ground.database.read() as connection:
        for version in range(BATCH + 1):
            await state(connection, ours, version + 1, organization=ours)
            if version % 2:
                await state(connection, uuid7(), 1)
        await number(connection)
    assert await planned(ground) == BATCH
    assert await cursor(ground, webhook) < BATCH * 2
    assert await planned(ground, 2) == 1
    assert len(await ground.told(webhook)) == BATCH + 1


async def test_what_is_over_is_told_again_when_the_cursor_went_back(ground: SqlGround) -> None:
    webhook = await late(ground)
    await fill(ground.database.url, 3)
    assert await planned(ground) == 3
    newest = (await ground.told(webhook))[0]
    await ground.run(
        "UPDATE webhook_deliveries SET state = 'delivered', attempts = 4, expires_at = now() WHERE position < 3"
    )
    async with ground.transaction() as ports:
        await ports.deliveries.since(webhook, 1)
    assert await planned(ground) == 1
    told = {each.position: each for each in await ground.told(webhook)}
    assert {each: (told[each].state, told[each].attempts) for each in told} == {
        1: (DeliveryState.DELIVERED, 4),
        2: (DeliveryState.WAITING, 0),
        3: (DeliveryState.WAITING, 0),
    }
    assert told[3] == newest, "what waits still waits"


async def test_one_busy_organization_does_not_make_others_read_its_events(ground: SqlGround) -> None:
    await late(ground, await ground.organization())
    busy = await ground.organization()
    async with ground.database.read() as connection, connection.transaction():
        await connection.execute(BUSY, BATCH * 8, busy)
        await number(connection)
        await connection.execute("ANALYZE events")
        await connection.execute("SET LOCAL enable_seqscan = off")  # so few rows are not worth an index
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {PLAN}"
        said = await connection.fetchval(explain, BATCH, MOST_WAITING, PLATFORM, REST)
    read = [each for each in nodes(json.loads(said)[0]["Plan"]) if each.get("Relation Name", "").startswith("events_")]
    assert any("organization_id" in each.get("Index Cond", "") for each in read), read
    assert sum(each["Actual Rows"] + each.get("Rows Removed by Filter", 0) for each in read) == 0


async def test_what_was_archived_before_a_webhook_was_told_of_it_is_named_once(
    ground: SqlGround, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(ground.database.url, 5)
    webhook, prompt = await late(ground), await late(ground)
    await ground.run("UPDATE webhook_cursors SET position = 1 WHERE webhook_id = $1", webhook.id)
    await ground.run("UPDATE webhook_cursors SET position = 3 WHERE webhook_id = $1", prompt.id)
    await ground.run(ARCHIVED, 3)
    assert await planned(ground, 2) == 4
    (said,) = [each.getMessage() for each in caplog.records if each.name == "core.webhooks.planning"]
    assert said.startswith(f"webhook {webhook.id}: events 2 to 3 were archived")
    assert said.endswith("redeliver after 1")

    caplog.clear()
    await ground.run("UPDATE archived_partitions SET kept_until = now()")  # they were put back
    async with ground.transaction() as ports:
        await ports.deliveries.since(webhook, 1)
    await planned(ground)
    assert not [each for each in caplog.records if each.name == "core.webhooks.planning"]
