"""From the log to deliveries: what each webhook is to be told."""

from typing import Any, Final

BATCH: Final = 500
"""Events that one webhook is given at a time."""
MOST_WAITING: Final = 1000
"""With so many deliveries that wait, the cursor of a webhook waits too."""

# Whoever comes second passes over the webhook. Its cursor moves with the deliveries, or not at all. Events of the
# platform's webhooks are all there are.
PLAN: Final = """
WITH behind AS (
    SELECT c.webhook_id, c.position, w.organization_id, w.event_types
    FROM webhook_cursors c JOIN webhooks w ON w.id = c.webhook_id
    WHERE w.is_enabled AND c.position < (SELECT position FROM log_head)
      AND (SELECT count(*) FROM (
          SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = c.webhook_id AND d.state = 'waiting' LIMIT $2) x) < $2
    ORDER BY c.position LIMIT 20 FOR UPDATE OF c SKIP LOCKED
), read AS (
    SELECT b.webhook_id, b.organization_id, b.event_types, e.position, e.id, e.type, e.aggregate_id,
           e.organization_id AS of_organization
    FROM behind b CROSS JOIN LATERAL (
        SELECT position, id, type, aggregate_id, organization_id FROM events
        WHERE position > b.position ORDER BY position LIMIT $1
    ) e
), told AS (
    INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id)
    SELECT gen_random_uuid(), r.webhook_id, r.id, r.position, r.type, r.aggregate_id FROM read r
    WHERE (r.organization_id = $3 OR r.of_organization = r.organization_id)
      AND EXISTS (SELECT 1 FROM unnest(r.event_types) AS t(pattern)
                  WHERE r.type = t.pattern OR (right(t.pattern, 1) = '*' AND starts_with(r.type, left(t.pattern, -1))))
    ORDER BY r.position
    ON CONFLICT (webhook_id, position) DO NOTHING
    RETURNING 1
), moved AS (
    UPDATE webhook_cursors c SET position = r.last
    FROM (SELECT webhook_id, max(position) AS last FROM read GROUP BY webhook_id) r WHERE c.webhook_id = r.webhook_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM moved) AS moved, (SELECT count(*) FROM told) AS told
"""


async def plan(connection: Any, platform: object) -> tuple[int, int]:
    """Move webhooks that are behind up to `BATCH` events on; return how many moved, and how many deliveries there are.

    Any number may do so at once: each webhook moves by one statement, under its lock.
    """
    row = await connection.fetchrow(PLAN, BATCH, MOST_WAITING, platform)
    return row["moved"], row["told"]
