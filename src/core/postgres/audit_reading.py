"""The audit trail in Postgres, as it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.audit.sealing import PersonalSeal
from core.postgres.audit import Place, about
from core.postgres.conditions import Condition, joined
from core.postgres.database import Database
from domain.audit.readers import AuditTrails, EntryFilter, EntryPlace
from domain.audit.schemas import AuditEntry, SeenAt

COLUMNS: Final = """position, id, action, outcome, actor, target, organization_id, occurred_at, person_id, place, trace,
    (SELECT k.salt FROM person_keys k WHERE k.person_id = entry.person_id) AS salt"""
_READ: Final = f"SELECT {COLUMNS} FROM audit entry WHERE {{}} ORDER BY occurred_at DESC, position DESC LIMIT {{}}"  # noqa: S608
# One index cannot serve an alternative in the order that is asked for: each is read by its own, and few are sorted.
_OWN: Final = f"""
SELECT {COLUMNS} FROM (
    (SELECT * FROM audit WHERE person_id = {{0}} AND {{rest}} ORDER BY occurred_at DESC, position DESC LIMIT {{most}})
    UNION ALL
    (SELECT * FROM audit WHERE target = {{1}} AND person_id IS DISTINCT FROM {{0}} AND {{rest}}
     ORDER BY occurred_at DESC, position DESC LIMIT {{most}})
) entry ORDER BY occurred_at DESC, position DESC LIMIT {{most}}
"""  # noqa: S608 - made of constants
_WALK: Final = f"SELECT {COLUMNS} FROM audit entry WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608
_OLDEST: Final = "SELECT position FROM audit ORDER BY position LIMIT 1"
_NEWEST: Final = "SELECT audit_position FROM log_head"
_decode = msgspec.json.Decoder(Place).decode


@dataclass(frozen=True, slots=True)
class SqlAuditTrails(AuditTrails):
    """Entries that were numbered."""

    database: Database
    seal: PersonalSeal

    async def list(self, wanted: EntryFilter, after: EntryPlace | None, most: int) -> Sequence[AuditEntry]:
        """See `AuditTrails.list`."""
        statement, values = statement_of(wanted, after, most)
        async with self.database.read() as connection:
            rows = await connection.fetch(statement, *values)
        return [self.entry(row) for row in rows]

    async def walk(self, after: int, most: int) -> Sequence[AuditEntry]:
        """See `AuditTrails.walk`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_WALK, after, most)
        return [self.entry(row) for row in rows]

    async def oldest(self) -> int | None:
        """See `AuditTrails.oldest`."""
        async with self.database.read() as connection:
            position: int | None = await connection.fetchval(_OLDEST)
        return position

    async def newest(self) -> int:
        """See `AuditTrails.newest`."""
        async with self.database.read() as connection:
            position: int = await connection.fetchval(_NEWEST)
        return position

    def entry(self, row: Any) -> AuditEntry:
        """Return the entry of a row with `COLUMNS`."""
        return AuditEntry(
            position=row["position"],
            id=row["id"],
            action=row["action"],
            outcome=row["outcome"],
            actor=row["actor"],
            target=row["target"],
            organization_id=row["organization_id"],
            occurred_at=row["occurred_at"],
            where=self._where(row),
            trace_id=row["trace"],
        )

    def _where(self, row: Any) -> SeenAt | None:
        if row["place"] is None:
            return None
        try:
            salts = {row["person_id"]: row["salt"]} if row["salt"] else {}
            opened = self.seal.knowing(salts).open(row["person_id"], row["place"], about(row["id"]))
        except ValueError:
            # Altered, which `audit verify` tells: whoever reads gets what can still be read.
            return None
        place = _decode(opened) if opened is not None else None
        return SeenAt(place.address, place.client) if place else None


def statement_of(wanted: EntryFilter, after: EntryPlace | None, most: int) -> tuple[str, list[Any]]:
    """Return what reads the entries, and its values."""
    conditions = list(_conditions(wanted, after))
    if wanted.own is None:
        where, values = joined(conditions)
        return _READ.format(where, f"${len(values) + 1}"), [*values, most]
    rest, values = joined(conditions, first=4)
    return _OWN.format("$1::uuid", "$2::text", rest=rest, most="$3"), [wanted.own, f"user:{wanted.own}", most, *values]


def _conditions(wanted: EntryFilter, after: EntryPlace | None) -> Iterator[Condition]:
    if wanted.organization_id:
        yield Condition("organization_id = {0}", (wanted.organization_id,))
    if wanted.actor is not None:
        yield Condition("actor = {0}", (wanted.actor,))
    if wanted.target is not None:
        yield Condition("target = {0}", (wanted.target,))
    if wanted.action is not None:
        # As two comparisons, so that an index serves whatever is asked for: of LIKE the plan has to know the pattern.
        yield Condition("action ~>=~ {0} AND action ~<~ {1}", (wanted.action, wanted.action + LAST))
    if wanted.outcome is not None:
        rare = "" if wanted.outcome == "done" else " AND outcome <> 'done'"
        yield Condition("outcome = {0}" + rare, (wanted.outcome,))
    if wanted.since is not None:
        yield Condition("occurred_at >= {0}", (wanted.since,))
    if wanted.until is not None:
        yield Condition("occurred_at < {0}", (wanted.until,))
    if after is not None:
        yield Condition("(occurred_at, position) < ({0}, {1})", (after.occurred_at, after.position))


LAST: Final = "\U0010ffff"
"""Sorts after every character of the name of an action."""
