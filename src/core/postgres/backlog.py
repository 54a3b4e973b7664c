"""How much is waiting."""

from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 100_000
"""More than so many are not counted."""

BACKLOG: Final = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT {MOST}) o) AS outbox_pending,
       coalesce(extract(epoch FROM now() - (SELECT occurred_at FROM outbox ORDER BY seq LIMIT 1)), 0)::float8
           AS outbox_oldest,
       coalesce(extract(epoch FROM now() - (SELECT occurred_at FROM audit_pending ORDER BY seq LIMIT 1)), 0)::float8
           AS audit_oldest,
       undelivered.events AS delivery_behind,
       coalesce(extract(epoch FROM now() - undelivered.oldest), 0)::float8 AS delivery_oldest,
       (SELECT count(*) FROM parked_events WHERE sink = $1) AS events_parked,
       (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE parked_at IS NULL AND run_at <= now() LIMIT {MOST}) j)
           AS jobs_due,
       (SELECT count(*) FROM jobs WHERE parked_at IS NOT NULL) AS jobs_parked,
       (SELECT count(*) FROM erasures WHERE finished_at IS NULL) AS erasures_unfinished,
       (SELECT count(DISTINCT a.person_id) FROM erasure_acknowledgements a JOIN erasures e USING (person_id)
        WHERE a.acknowledged_at IS NULL AND e.due_at < now()) AS erasures_overdue
FROM (
    SELECT count(*) AS events, min(e.occurred_at) AS oldest FROM (
        SELECT e.occurred_at FROM events e JOIN delivery_cursors c ON c.slot = e.slot AND e.position > c.position
        WHERE c.sink = $1 AND e.position > (SELECT min(position) FROM delivery_cursors WHERE sink = $1)
        ORDER BY e.position LIMIT {MOST}
    ) e
) undelivered
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits; ages in seconds, 0 when nothing does."""

    outbox_pending: int
    """Facts committed and not yet numbered."""
    outbox_oldest: float
    delivery_behind: int
    """Events numbered and not yet confirmed by the broker."""
    delivery_oldest: float
    events_parked: int
    jobs_due: int
    jobs_parked: int
    erasures_unfinished: int = 0
    """People of whom something may be left outside the database."""
    erasures_overdue: int = 0
    """People whose erasure a subscriber did not acknowledge in time."""
    audit_oldest: float = 0
    """Of entries of the audit trail that were committed and not yet numbered."""


async def backlog(connection: Any, sink: str = "rabbitmq") -> Backlog:
    """Count what waits for the sequencer, for the relay of `sink`, and for workers."""
    return Backlog(**await connection.fetchrow(BACKLOG, sink))
