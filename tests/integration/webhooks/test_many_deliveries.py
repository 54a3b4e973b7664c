"""What is asked of a webhook with many deliveries is found by an index."""

import json

import pytest

from core.postgres.webhooks import CHOSEN
from domain.webhooks.schemas import DeliveryState
from tests.integration.webhooks.ground import SqlGround, nodes

MANY = """
INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id, state, expires_at)
SELECT gen_random_uuid(), $1, gen_random_uuid(), i, 'identity.user.created', gen_random_uuid(),
       CASE WHEN i % 1000 = 0 THEN 'dead' WHEN i % 1000 = 1 THEN 'waiting' ELSE 'delivered' END,
       CASE WHEN i % 1000 <> 1 THEN now() END
FROM generate_series(1, 5000) i
"""


@pytest.mark.parametrize("state", [None, *DeliveryState])
async def test_deliveries_of_each_state_are_found_without_the_others(
    ground: SqlGround, state: DeliveryState | None
) -> None:
    webhook, _ = await ground.webhook("https://example.com/")
    async with ground.database.read() as connection:
        await connection.execute(MANY, webhook.id)
        await connection.execute("ANALYZE webhook_deliveries")
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {CHOSEN[state]}"
        plan = json.loads(await connection.fetchval(explain, webhook.id, None, None, 50))[0]["Plan"]
    (read,) = [each for each in nodes(plan) if "Relation Name" in each]
    assert "Index" in read["Node Type"], read
    assert read["Actual Rows"] + read.get("Rows Removed by Filter", 0) <= 60, read
