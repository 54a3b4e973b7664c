"""From the log to deliveries: what each webhook is to be told."""

import logging
from datetime import timedelta
from typing import Any, Final

log = logging.getLogger(__name__)

TAKEN: Final = 20
"""Webhooks that one statement looks at: those whose last turn was longest ago, however far behind they are."""
BATCH: Final = 500
"""Events that one webhook is given at a time."""
MOST_WAITING: Final = 1000
"""With so many deliveries that wait, the cursor of a webhook waits too."""
REST: Final = timedelta(seconds=0.5)
"""How long it does, before its deliveries are counted again."""

# Whoever comes second passes over the webhook. Its cursor moves with the deliveries, or not at all. Events of the
# platform's webhooks are all there are. Those of an organization are compared by organization and position together,
# which only one index can do: no statistics make the planner walk through everybody's. Whoever was given fewer events
# than there was room for has none left, and goes on from the head. What is over but told again is looked up row by row,
# for the table may be large, and nothing that waits is touched: attempts lock deliveries before cursors, and this the
# other way round. What left for the archive before a cursor came to it, as its webhook was disabled or went back, is
# passed over but named: whatever was put back has a time until which it is kept.
PLAN: Final = f"""
WITH head AS (SELECT position FROM log_head), taken AS (
    SELECT c.webhook_id, c.position, w.organization_id, w.event_types
    FROM webhook_cursors c JOIN webhooks w ON w.id = c.webhook_id
    WHERE w.is_enabled AND c.position < (SELECT position FROM head) AND c.planned_at <= now()
    ORDER BY c.planned_at LIMIT {TAKEN} FOR UPDATE OF c SKIP LOCKED
), behind AS (
    SELECT * FROM taken t WHERE (SELECT count(*) FROM (
        SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = t.webhook_id AND d.state = 'waiting' LIMIT $2) x) < $2
), read AS (
    SELECT b.webhook_id, e.position, e.id, e.type, e.aggregate_id, EXISTS (
        SELECT 1 FROM unnest(b.event_types) AS t(pattern)
        WHERE e.type = t.pattern OR (right(t.pattern, 1) = '*' AND starts_with(e.type, left(t.pattern, -1)))) AS wanted
    FROM behind b CROSS JOIN LATERAL (
        (SELECT position, id, type, aggregate_id FROM events
         WHERE b.organization_id = $3 AND position > b.position ORDER BY position LIMIT $1)
        UNION ALL
        (SELECT position, id, type, aggregate_id FROM events
         WHERE b.organization_id <> $3
           AND (organization_id, position) > (b.organization_id, b.position)
           AND (organization_id, position) <= (b.organization_id, (SELECT position FROM head))
         ORDER BY organization_id, position LIMIT $1)
    ) e
), again AS (
    UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, claimed = false, next_at = now(), expires_at = NULL
    WHERE state <> 'waiting' AND id = ANY (ARRAY(
        SELECT d.id FROM read r CROSS JOIN LATERAL (
            SELECT id FROM webhook_deliveries
            WHERE webhook_id = r.webhook_id AND position = r.position AND state <> 'waiting' LIMIT 1) d
        WHERE r.wanted))
    RETURNING webhook_id, position
), told AS (
    INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, type, aggregate_id)
    SELECT gen_random_uuid(), r.webhook_id, r.id, r.position, r.type, r.aggregate_id FROM read r
    WHERE r.wanted AND NOT EXISTS (
        SELECT 1 FROM again a WHERE a.webhook_id = r.webhook_id AND a.position = r.position)
    ORDER BY r.position
    ON CONFLICT (webhook_id, position) DO NOTHING
    RETURNING 1
), reached AS (
    SELECT b.webhook_id,
           CASE count(r.position) WHEN $1 THEN max(r.position) ELSE (SELECT position FROM head) END AS last
    FROM behind b LEFT JOIN read r ON r.webhook_id = b.webhook_id GROUP BY b.webhook_id
), moved AS (
    UPDATE webhook_cursors c SET position = coalesce(r.last, c.position),
        planned_at = CASE WHEN r.last IS NULL THEN now() + $4 ELSE now() END
    FROM taken t LEFT JOIN reached r ON r.webhook_id = t.webhook_id WHERE c.webhook_id = t.webhook_id
), gone AS (SELECT max(last) AS last FROM archived_partitions WHERE log = 'events' AND kept_until IS NULL)
SELECT (SELECT count(*) FROM taken) AS taken, (SELECT count(*) FROM told) + (SELECT count(*) FROM again) AS told,
       ARRAY(SELECT format(
           'webhook %s: events %s to %s were archived before it was told of them: restore, then redeliver after %s',
           b.webhook_id, b.position + 1, g.last, b.position) FROM behind b JOIN gone g ON b.position < g.last) AS missed
"""  # noqa: S608 - made of constants


async def plan(connection: Any, platform: object) -> tuple[int, int]:
    """Move webhooks that are behind up to `BATCH` events on.

    Return how many were looked at, and how many deliveries wait now that did not before. Any number may do so at
    once: each webhook moves by one statement, under its lock.
    """
    row = await connection.fetchrow(PLAN, BATCH, MOST_WAITING, platform, REST)
    for each in row["missed"]:
        log.warning("%s", each)
    return row["taken"], row["told"]
