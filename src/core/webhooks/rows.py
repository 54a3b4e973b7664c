"""The rows of deliveries: whose turn it is, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from domain.kernel.ids import DeliveryId, OrganizationId, WebhookId

LEASE: Final = timedelta(seconds=60)
"""How long a claimed delivery is nobody else's; longer than any attempt may take."""
KEPT: Final = timedelta(days=1)
"""How long deliveries that arrived can be seen: a busy webhook has millions of them."""
KEPT_DEAD: Final = timedelta(days=30)
"""How long those that did not can be seen, and made anew."""

# One webhook is claimed by one worker at a time. Of one aggregate only the oldest event that waits has its turn, so
# that a later one comes after it. A webhook that fails gets one attempt at a time.
CLAIM: Final = """
WITH mine AS (
    SELECT c.webhook_id, CASE WHEN c.failing_since IS NULL THEN $2::int ELSE 1 END - (
        SELECT count(*) FROM webhook_deliveries d
        WHERE d.webhook_id = c.webhook_id AND d.state = 'waiting' AND d.claimed AND d.next_at > now()) AS budget
    FROM webhook_cursors c
    WHERE (c.failing_since IS NOT NULL) = $3 AND EXISTS (
        SELECT 1 FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
        WHERE d.webhook_id = c.webhook_id AND d.state = 'waiting' AND d.next_at <= now()
          AND (w.is_enabled OR d.position IS NULL))
    ORDER BY c.claimed_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED
), due AS (
    SELECT d.id, row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.next_at, d.position) AS turn
    FROM mine m JOIN webhooks w ON w.id = m.webhook_id CROSS JOIN LATERAL (
        SELECT d.id, d.webhook_id, d.next_at, d.position FROM webhook_deliveries d
        WHERE d.webhook_id = m.webhook_id AND d.state = 'waiting' AND d.next_at <= now()
          AND (w.is_enabled OR d.position IS NULL)
          AND (d.position IS NULL OR NOT EXISTS (
              SELECT 1 FROM webhook_deliveries e
              WHERE e.webhook_id = d.webhook_id AND e.aggregate_id = d.aggregate_id AND e.state = 'waiting'
                AND e.position < d.position))
        ORDER BY d.next_at, d.position LIMIT greatest(m.budget, 0)
    ) d
), first AS (SELECT id FROM due ORDER BY turn LIMIT $1), turned AS (
    UPDATE webhook_cursors c SET claimed_at = now() FROM mine m WHERE c.webhook_id = m.webhook_id
)
UPDATE webhook_deliveries d SET attempts = d.attempts + 1, claimed = true, next_at = now() + $4, attempted_at = now()
FROM first f, webhooks w
WHERE d.id = f.id AND w.id = d.webhook_id AND d.state = 'waiting' AND d.next_at <= now()
RETURNING d.id, d.webhook_id, d.event_id, d.position, d.attempts, d.created_at, w.organization_id, w.url, w.secret,
          CASE WHEN w.previous_until > now() THEN w.previous_secret END AS previous_secret
"""
DELIVERED: Final = """
WITH over AS (
    UPDATE webhook_deliveries SET state = 'delivered', claimed = false, status = $3, reason = NULL, milliseconds = $4,
        expires_at = now() + $5
    WHERE id = $1 AND attempts = $2 AND state = 'waiting' RETURNING webhook_id, position
)
UPDATE webhook_cursors c SET failing_since = NULL FROM over o
WHERE c.webhook_id = o.webhook_id AND c.failing_since IS NOT NULL AND o.position IS NOT NULL
"""
# What an address said that was corrected meanwhile means nothing: the present one is called at once. A test is over.
FAILED: Final = """
WITH tried AS (
    UPDATE webhook_deliveries d SET claimed = false, status = $3, reason = $4, milliseconds = $5,
        next_at = now() + coalesce(w.wait, interval '0'),
        state = CASE WHEN w.wait IS NULL THEN 'dead' ELSE 'waiting' END,
        expires_at = CASE WHEN w.wait IS NULL THEN now() + $7 END
    FROM (SELECT t.id, w.url = $10 AS present,
                 CASE WHEN w.url = $10 OR t.position IS NULL THEN $6::interval ELSE interval '0' END AS wait
          FROM webhook_deliveries t JOIN webhooks w ON w.id = t.webhook_id WHERE t.id = $1) w
    WHERE d.id = w.id AND d.attempts = $2 AND d.state = 'waiting' RETURNING d.webhook_id, d.position, w.present
)
UPDATE webhook_cursors c SET failing_since = coalesce(c.failing_since, now()) FROM tried t
WHERE c.webhook_id = t.webhook_id AND t.position IS NOT NULL AND t.present AND $9
RETURNING c.failing_since < now() - $8::interval
"""
RETURNED: Final = """
UPDATE webhook_deliveries d SET attempts = d.attempts - 1, claimed = false, next_at = now()
FROM unnest($1::uuid[], $2::integer[]) AS l(id, attempts)
WHERE d.id = l.id AND d.attempts = l.attempts AND d.state = 'waiting'
"""
FAILING: Final = """
SELECT count(*) FILTER (WHERE c.failing_since IS NOT NULL) AS failing,
       count(*) FILTER (WHERE NOT w.is_enabled) AS disabled,
       coalesce(max(h.position - c.position) FILTER (WHERE w.is_enabled), 0) AS behind,
       (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries WHERE state = 'waiting' LIMIT 100000) d) AS waiting
FROM webhook_cursors c JOIN webhooks w ON w.id = c.webhook_id CROSS JOIN log_head h
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt to deliver. It is void once the row says otherwise."""

    id: DeliveryId
    webhook_id: WebhookId
    organization_id: OrganizationId
    event_id: UUID
    position: int | None
    attempts: int
    """This one included."""
    created_at: datetime
    url: str
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Webhooking:
    """How webhooks fare."""

    failing: int
    """Webhooks whose last attempt failed."""
    disabled: int
    behind: int
    """Events of the log that the slowest enabled webhook was not given yet."""
    waiting: int
    """Deliveries that are not over."""


@dataclass(frozen=True, slots=True)
class SqlTurns:
    """Deliveries in Postgres."""

    pool: Any
    """An asyncpg pool on the primary."""

    async def claim(self, most: int, budget: int, *, failing: bool) -> Sequence[Turn]:
        """Take up to `most` due deliveries, `budget` for each webhook, of those that fail or of the others."""
        rows = await self.pool.fetch(CLAIM, most, budget, failing, LEASE)
        return [Turn(**row) for row in rows]

    async def delivered(self, turn: Turn, status: int, milliseconds: int) -> None:
        """Note that it arrived."""
        await self.pool.execute(DELIVERED, turn.id, turn.attempts, status, milliseconds, KEPT)

    async def failed(
        self,
        turn: Turn,
        status: int | None,
        reason: str,
        milliseconds: int,
        wait: timedelta | None,
        patience: timedelta,
        *,
        theirs: bool,
    ) -> bool:
        """Note why it failed, and how long to wait; None is for ever.

        If it was a fault of `theirs`, the webhook fails from now on; return whether it has for longer than `patience`.
        """
        values = turn.id, turn.attempts, status, reason, milliseconds, wait, KEPT_DEAD, patience, theirs, turn.url
        return bool(await self.pool.fetchval(FAILED, *values))

    async def returned(self, turns: Sequence[Turn]) -> None:
        """Undo claims of which nothing came."""
        await self.pool.execute(RETURNED, [each.id for each in turns], [each.attempts for each in turns])


async def webhooking(connection: Any) -> Webhooking:
    """Return how webhooks fare."""
    return Webhooking(**await connection.fetchrow(FAILING))
