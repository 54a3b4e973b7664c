"""The logs in partitions, and room before they are full."""

import re
from dataclasses import dataclass
from typing import Any, Final

SIZE: Final = 10_000_000
"""Positions in a partition."""
AHEAD: Final = 5_000_000
"""The next partition is made when fewer positions than these are left: 5000 a second for longer than it takes until
somebody looks again.
"""

# Workers wait for each other here, so that no partition is attached twice.
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('gatewright-partitions'))"
IMPATIENT: Final = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '3s'"
"""Whatever waits for a lock on a log, or holds one, stops its readers: rather give up, and try again later."""
PROVED: Final = "within_bounds"
"""The constraint which says that a table holds nothing else: Postgres need not look at it when it is attached."""
ATTACHED: Final = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass
"""
_BOUNDS: Final = re.compile(r"FROM \('(\d+)'\) TO \('(\d+)'\)")


@dataclass(frozen=True, slots=True)
class Log:
    """A table of entries at positions 1, 2, 3 ..., which never change; partitioned by position, which time follows."""

    table: str
    head: str
    """The column of `log_head` that says how far it has come."""
    ending: str = "NULL"
    """SQL: what of the last entry of a partition those after it build on, as text."""
    guard: str = ""
    """SQL: what a partition does not get from the table when it is attached."""
    passed: tuple[str, ...] = ()
    """Statements that return, for everybody to whom it is delivered, a name and the position they have passed."""


SINKS: Final = "SELECT sink, min(position) FROM delivery_cursors GROUP BY sink"
# It is read from the log when it is tried again. What has left nevertheless would keep everything else for ever.
PARKED: Final = """
SELECT 'parked events of ' || sink, min(position) - 1 FROM parked_events
WHERE position >= (SELECT min(position) FROM events) GROUP BY sink
"""
# What is waiting is read from the log when it is sent. Webhooks that are disabled wait for nothing.
WEBHOOKS: Final = """
SELECT 'webhook ' || w.id::text, least(c.position, d.position - 1) FROM webhooks w
JOIN webhook_cursors c ON c.webhook_id = w.id
LEFT JOIN LATERAL (
    SELECT min(position) AS position FROM webhook_deliveries WHERE webhook_id = w.id AND state = 'waiting'
) d ON true
WHERE w.is_enabled
"""
EVENTS: Final = Log("events", "position", passed=(SINKS, PARKED, WEBHOOKS))
AUDIT: Final = Log(
    "audit",
    "audit_position",
    ending="encode(chain, 'hex')",
    guard="CREATE OR REPLACE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON {name} EXECUTE FUNCTION refuse_change()",
)
LOGS: Final = (EVENTS, AUDIT)


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """The positions from `first` to before `end`."""

    first: int
    end: int
    name: str

    @property
    def last(self) -> int:
        """The last position that belongs here."""
        return self.end - 1


async def attached(connection: Any, log: Log) -> list[Partition]:
    """Return the partitions of `log`, the oldest first; each begins where the one before it ends."""
    found = []
    for name, said in await connection.fetch(ATTACHED, log.table):
        bounds = _BOUNDS.search(said)
        assert bounds, said
        found.append(Partition(int(bounds[1]), int(bounds[2]), name))
    return sorted(found)


async def head_of(connection: Any, log: Log, *, lock: bool = False) -> int:
    """Return how far `log` has come; with `lock` nothing is numbered until the transaction ends."""
    suffix = " FOR UPDATE" if lock else ""
    position: int = await connection.fetchval(f"SELECT {log.head} FROM log_head{suffix}")  # noqa: S608 - a constant
    return position


async def make_partitions(connection: Any, log: Log) -> bool:
    """Make partitions of `log` until `AHEAD` positions are free; return whether any was missing."""
    async with connection.transaction():
        await connection.execute(ALONE)
        head, end = await head_of(connection, log), (await attached(connection, log))[-1].end
        missing = end - 1 - head < AHEAD
        while end - 1 - head < AHEAD:
            await attach(connection, log, await make_table(connection, log, end, end + SIZE), end, end + SIZE)
            end += SIZE
        return missing


async def make_table(connection: Any, log: Log, first: int, end: int) -> str:
    """Make a table for the partition of `log` from `first` to before `end`; return its name. It is not attached yet."""
    name = f"{log.table}_p{first}"
    await connection.execute(f"""
        CREATE TABLE {name} (LIKE {log.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES,
            CONSTRAINT {PROVED} CHECK (position >= {first} AND position < {end}))
    """)
    return name


async def attach(connection: Any, log: Log, name: str, first: int, end: int) -> None:
    """Make a table a partition: that takes a lock which reads and inserts do not wait for.

    `CREATE TABLE ... PARTITION OF` takes one that they do wait for. Without `PROVED` the whole table is looked at.
    """
    await connection.execute(f"ALTER TABLE {log.table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})")
    await connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {PROVED}")
    if log.guard:
        await connection.execute(log.guard.format(name=name))


async def laggard(connection: Any, log: Log, position: int) -> str | None:
    """Return the name of somebody to whom `log` is delivered and who has not passed `position`, if there is anybody."""
    for statement in log.passed:
        for name, passed in await connection.fetch(statement):
            if passed < position:
                return str(name)
    return None
