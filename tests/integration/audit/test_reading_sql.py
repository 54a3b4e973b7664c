"""Reading the audit trail in Postgres."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.postgres.audit import Entry
from core.postgres.audit_reading import SqlAuditTrails, statement_of
from domain.audit.readers import AuditTrails, EntryFilter, EntryPlace
from domain.kernel.ids import OrganizationId, UserId
from tests.contracts.audit_trails import AuditTrailsContract
from tests.integration.audit.ground import SEAL, WRITE, Trail
from tests.support.facts import number

FILL = """
INSERT INTO audit (position, id, action, outcome, actor, target, organization_id, occurred_at, leaf, chain, form, person_id)
SELECT i, gen_random_uuid(), CASE WHEN i % 5000 = 0 THEN 'area.rare.do' ELSE 'area.thing.do' END, CASE WHEN i % 20 = 0 THEN 'refused' ELSE 'done' END,
       'user:' || md5((i % 500)::text)::uuid, 'thing:' || i % 700, md5((i % 300)::text)::uuid,
       '2030-01-01'::timestamptz + i * interval '1 second', '', '', 2, md5((i % 500)::text)::uuid
FROM generate_series(1, 30000) i
"""
SOMETIME = datetime(2030, 1, 1, 5, tzinfo=UTC)
SOMEBODY = "c4ca4238-a0b9-2382-0dcc-509a6f75849b"
"""What 1 is made into above."""


@dataclass
class SqlGround:
    trail: Trail
    trails: AuditTrails

    async def write(self, entries: Sequence[Entry]) -> None:
        rows = [entry.row(self.trail.keys.every[0].leaf, SEAL) for entry in entries]
        await self.trail.connection.execute(WRITE, msgspec.json.encode(rows).decode())
        await number(self.trail.connection)

    async def drop(self, last: int) -> None:
        async with self.trail.connection.transaction():
            await self.trail.connection.execute("SET LOCAL session_replication_role = replica")
            await self.trail.connection.execute("DELETE FROM audit WHERE position <= $1", last)


class TestSqlAuditTrails(AuditTrailsContract):
    @pytest.fixture
    def ground(self, own_trail: Trail) -> SqlGround:
        return SqlGround(own_trail, SqlAuditTrails(own_trail.database, SEAL))


@pytest.fixture(scope="module")
async def filled(trail: Trail) -> AsyncIterator[Any]:
    """Yield a connection that sees many entries, in a transaction that is undone."""
    async with trail.altered():
        await trail.connection.execute("SET LOCAL statement_timeout = 0")
        for statement in ("DELETE FROM audit", FILL, "ANALYZE audit"):
            await trail.connection.execute(statement, timeout=120)
        yield trail.connection


@pytest.mark.parametrize(
    ("wanted", "column"),
    [
        (EntryFilter(actor=f"user:{SOMEBODY}"), "actor"),
        (EntryFilter(target="thing:1"), "target"),
        (EntryFilter(action="area.rare."), "action"),
        (EntryFilter(outcome="refused"), "outcome"),
        (EntryFilter(since=SOMETIME, until=SOMETIME + timedelta(minutes=1)), "occurred_at"),
        (EntryFilter(organization_id=OrganizationId(msgspec.convert(SOMEBODY, UserId))), "organization_id"),
        (EntryFilter(own=msgspec.convert(SOMEBODY, UserId)), "person_id"),
    ],
)
@pytest.mark.parametrize("after", [None, EntryPlace(SOMETIME + timedelta(hours=1), 20000)])
async def test_each_filter_has_an_index(
    filled: Any, wanted: EntryFilter, column: str, after: EntryPlace | None
) -> None:
    statement, values = statement_of(wanted, after, 51)
    said = json.loads(await filled.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values))
    assert column in "".join(_conditions(said)), said


async def test_the_whole_trail_is_read_from_its_newest_end(filled: Any) -> None:
    statement, values = statement_of(EntryFilter(), None, 51)
    plan = await filled.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
    assert '"Scan Direction": "Backward"' in plan
    assert '"Sort"' not in plan


async def test_what_cannot_be_opened_is_not_told_and_stops_nobody(own_trail: Trail) -> None:
    await own_trail.write(2, place=None)
    async with own_trail.altered():
        await own_trail.connection.execute("UPDATE audit SET place = $1", bytes(40))
        rows = await own_trail.connection.fetch("SELECT *, NULL::bytea AS salt FROM audit")
        trails = SqlAuditTrails(own_trail.database, SEAL)
        assert [trails.entry(row).where for row in rows] == [None, None]


async def test_nothing_of_a_place_is_stored_in_the_clear(own_trail: Trail) -> None:
    await own_trail.write(4)
    (text,) = await own_trail.connection.fetchrow("SELECT string_agg(a::text, ' ') FROM audit a")
    for secret in ("192.0.2.7", b"192.0.2.7".hex(), "Firefox", b"Firefox".hex()):
        assert secret not in text


def _conditions(node: Any) -> list[str]:
    if isinstance(node, list):
        return [each for part in node for each in _conditions(part)]
    if isinstance(node, dict):
        own = [node[name] for name in ("Index Cond", "Recheck Cond") if name in node]
        return own + [each for part in node.values() for each in _conditions(part)]
    return []
