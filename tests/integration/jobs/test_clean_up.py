"""Keeping the tables small, and room in the log."""

from typing import Any

import pytest

from core.jobs.registry import Nothing
from core.postgres.database import Database
from core.postgres.maintenance import BATCH, EXPIRED, CleanUp, delete_expired
from domain.kernel.ids import uuid7
from tests.support.facts import fill

PEOPLE = """
INSERT INTO users VALUES ('00000000-0000-7000-8000-00000000000a', 'ada@example.org', true, NULL, NULL, true, 1, now(), now(), 1);
INSERT INTO sessions SELECT gen_random_uuid(), '00000000-0000-7000-8000-00000000000a', NULL, NULL, NULL, '{}', now(),
    now() + age, NULL, 1 FROM unnest(ARRAY['1 day', '-29 days', '-31 days', '-300 days']::interval[]) AS age;
INSERT INTO refresh_families (id, session_id, user_id, key_id, expires_at)
    SELECT gen_random_uuid(), id, user_id, 1, expires_at FROM sessions WHERE expires_at > now() - interval '30 days';
INSERT INTO idempotency_keys SELECT 'user', age::text, '', NULL, now() + age
    FROM unnest(ARRAY['1 hour', '-1 second', '-1 day']::interval[]) AS age;
INSERT INTO revocations SELECT 'token', age::text, now(), NULL, now() + age
    FROM unnest(ARRAY['1 hour', '-1 second', '-1 day']::interval[]) AS age;
INSERT INTO sign_in_failures SELECT age::text, 1, now() + age
    FROM unnest(ARRAY['0 hours', '-23 hours', '-25 hours']::interval[]) AS age;
INSERT INTO invitations SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', age::text || '@example.org',
    '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-00000000000a', age::text::bytea, now(), now() + age,
    1 FROM unnest(ARRAY['1 hour', '-1 second', '-1 day']::interval[]) AS age;
INSERT INTO signing_keys (id, kid, algorithm, state, published_at, expires_at, version)
    SELECT gen_random_uuid(), age::text, 'ES256', 'removed', now(), now() + age, 1
    FROM unnest(ARRAY['1 hour', '-1 second', '-1 day']::interval[]) AS age;
INSERT INTO mailed_links SELECT '00000000-0000-7000-8000-00000000000a', age::text, 'ada@example.org', 1, age::text::bytea,
    now() + age FROM unnest(ARRAY['1 hour', '-1 second', '-1 day']::interval[]) AS age;
INSERT INTO webhooks SELECT '00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-000000000001', 'https://example.org/',
    '', '{*}', true, NULL, '', NULL, NULL, '00000000-0000-7000-8000-00000000000a', now(), now(), 1;
INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, aggregate_id, state, expires_at)
    SELECT gen_random_uuid(), '00000000-0000-7000-8000-00000000000b', gen_random_uuid(), 'identity.user.created', gen_random_uuid(),
    CASE WHEN age IS NULL THEN 'waiting' ELSE 'dead' END, now() + age
    FROM unnest(ARRAY['1 hour', '-1 second', '-1 day', NULL]::interval[]) AS age;
INSERT INTO access_changes (scope, id, changed_at) SELECT 'user', gen_random_uuid(), now() + age
    FROM unnest(ARRAY['0 hours', '-6 days', '-8 days']::interval[]) AS age;
"""
EXPIRED_KEYS = """
INSERT INTO idempotency_keys SELECT 'user', i::text, '', NULL, now() - interval '1 day' FROM generate_series(1, $1) i
"""
DEAD = """
INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, aggregate_id, state, position, expires_at)
SELECT gen_random_uuid(), id, gen_random_uuid(), 'identity.user.created', gen_random_uuid(), 'dead', $1, now() - interval '1 day'
FROM webhooks
"""
KEPT = "SELECT position FROM webhook_deliveries ORDER BY position"
LEFT = {
    "access_changes": 3,  # one of them is of the person
    "idempotency_keys": 1,
    "invitations": 1,
    "mailed_links": 1,
    "refresh_families": 1,
    "revocations": 1,
    "sessions": 2,
    "sign_in_failures": 2,
    "signing_keys": 1,
    "webhook_deliveries": 2,
}


async def test_what_has_expired_goes_and_the_rest_stays(database: Database, connection: Any) -> None:
    await connection.execute("TRUNCATE access_changes")  # which migrations have written into
    await connection.execute(PEOPLE)
    await CleanUp(database).run(Nothing(), uuid7())
    assert {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in EXPIRED} == LEFT


async def test_it_deletes_in_batches_and_leaves_what_is_too_much_for_the_next_time(connection: Any) -> None:
    await connection.execute(EXPIRED_KEYS, 2 * BATCH + 1)
    assert await delete_expired(connection, "idempotency_keys", 1) == BATCH
    assert await delete_expired(connection, "idempotency_keys", 9) == BATCH + 1


@pytest.mark.parametrize(("seconds", "left"), [(60, 0), (0, BATCH + 1)])
async def test_it_goes_on_while_there_is_more_and_time_is_left(
    database: Database, connection: Any, seconds: float, left: int
) -> None:
    await connection.execute(EXPIRED_KEYS, 2 * BATCH + 1)
    await CleanUp(database, batches=1, seconds=seconds).run(Nothing(), uuid7())
    assert await connection.fetchval("SELECT count(*) FROM idempotency_keys") == left


async def test_a_row_that_somebody_holds_is_skipped(database: Database, connection: Any) -> None:
    await connection.execute("INSERT INTO sign_in_failures VALUES ('a', 1, now() - interval '2 days')")
    other = await database.connect()
    async with other.transaction():
        await other.execute("UPDATE sign_in_failures SET failures = 2")
        assert await delete_expired(connection, "sign_in_failures", 9) == 0
    await other.close()
    assert await delete_expired(connection, "sign_in_failures", 9) == 1


@pytest.mark.parametrize("table", sorted(EXPIRED))
async def test_an_index_finds_what_may_go(connection: Any, table: str) -> None:
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetchval(
        f"EXPLAIN (FORMAT JSON) SELECT ctid FROM {table} WHERE {EXPIRED[table]} LIMIT 1000"
    )
    assert "Index Cond" in plan


async def test_what_a_disabled_webhook_missed_stays_as_long_as_the_log_has_it(
    connection: Any, database: Database
) -> None:
    await fill(database.url, 3)
    await connection.execute("DELETE FROM events WHERE position = 1")
    await connection.execute(PEOPLE)
    await connection.execute("DELETE FROM webhook_deliveries")
    for position in (None, 1, 2, 3):
        await connection.execute(DEAD, position)
    await connection.execute("UPDATE webhooks SET is_enabled = false")
    assert await delete_expired(connection, "webhook_deliveries", 1) == 2
    assert [row["position"] for row in await connection.fetch(KEPT)] == [2, 3]
    await connection.execute("UPDATE webhooks SET is_enabled = true")
    assert await delete_expired(connection, "webhook_deliveries", 1) == 2
