"""Everything that is held about a person in Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from core.audit.sealing import PersonalSeal
from core.cloudevents import COLUMNS, cloud_event
from core.personal import PersonalKeys, Unopened
from core.postgres.audit import about
from core.postgres.database import Database
from core.postgres.dossier_sections import SECTIONS
from domain.identity.dossiers.readers import MOST, DossierPart, DossierPlace, Dossiers
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId
from domain.organizations.events import InvitationMade, OrganizationCreated, OwnershipTransferred

PATIENCE: Final = 20
"""Seconds that one of these reads may take."""
ABOUT: Final = "coalesce(data ->> 'user_id', data ->> 'subject_id', data ->> 'owner_id')"
"""Whom an event is about whose aggregate is none of people."""
BY: Final = "coalesce(data ->> 'to_user_id', data ->> 'invited_by', data ->> 'created_by')"
"""Whom else some events name: those are in `NAMING`."""
NAMING: Final = (InvitationMade.type, OrganizationCreated.type, OwnershipTransferred.type)
PEOPLE: Final = ("user_id", "subject_id", "owner_id", "from_user_id", "to_user_id", "invited_by", "created_by")
"""The fields of events that may name a person."""

_decode = msgspec.json.Decoder().decode

_PLAIN: Final = "SELECT to_jsonb(held)::text FROM ({}) AS held"
# What is about somebody and of another aggregate has indexes of its own, see the migrations.
_EVENTS: Final = f"""
SELECT {COLUMNS} FROM events WHERE aggregate_id = $1 AND position > $2
UNION ALL
SELECT {COLUMNS} FROM events
WHERE aggregate_type <> 'user' AND {ABOUT} = $1::uuid::text AND position > $2
UNION ALL
SELECT {COLUMNS} FROM events WHERE type IN {NAMING} AND {BY} = $1::uuid::text AND position > $2
UNION ALL
SELECT {COLUMNS} FROM events
WHERE type = '{OwnershipTransferred.type}' AND data ->> 'from_user_id' = $1::uuid::text AND position > $2
ORDER BY position LIMIT $3
"""  # noqa: S608 - made of constants
_AUDIT: Final = """
SELECT position, id, action, outcome, actor, target, organization_id, occurred_at,
       CASE WHEN person_id = $1 THEN place END AS place, (SELECT salt FROM person_keys WHERE person_id = $1) AS salt
FROM audit
WHERE position > $2
  AND (person_id = $1 OR actor = 'user:' || $1::uuid::text OR target = 'user:' || $1::uuid::text)
ORDER BY position LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class SqlDossiers(Dossiers):
    """Dossiers, each part read from one snapshot, on a connection of its own: it may take longer than other reads."""

    database: Database
    people: PersonalKeys
    places: PersonalSeal
    source: str = "/auth"
    """The `source` of every event."""
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """How many are read at once."""
    wait: float = 2.0
    """Seconds to wait for others that are read."""

    async def find(self, user_id: UserId, after: DossierPlace | None = None, most: int = MOST) -> DossierPart | None:
        """See `Dossiers.find`; raise `Overloaded` if too many are read at once."""
        try:
            async with asyncio.timeout(self.wait):
                await self.room.acquire()
        except TimeoutError:
            raise Overloaded from None
        try:
            async with self._snapshot() as connection:
                return await self._read(connection, user_id, after, most)
        finally:
            self.room.release()

    async def _read(
        self, connection: Any, user_id: UserId, after: DossierPlace | None, most: int
    ) -> DossierPart | None:
        held: dict[str, list[Any]] = {}
        for name in SECTIONS if after is None else ("account",):
            query = _PLAIN.format(SECTIONS[name])
            held[name] = [_decode(row[0]) for row in await connection.fetch(query, user_id)]
            if not held["account"]:
                return None
        place = after or DossierPlace(0, 0)
        events, event = await _some(connection, _EVENTS, user_id, place.event, most)
        entries, entry = await _some(connection, _AUDIT, user_id, place.entry, most)
        held["events"] = [self._event(row, user_id) for row in events[:most]]
        held["audit"] = [self._entry(row, user_id) for row in entries[:most]]
        is_last = max(len(events), len(entries)) <= most
        return DossierPart(held, None if is_last else DossierPlace(event, entry))

    def _event(self, row: Any, user_id: UserId) -> dict[str, Any]:
        """Return an event as readers are told it, but for who else is named in it.

        What is personal in one that cannot be opened is null, and `unopened` is true.
        """
        made: dict[str, Any]
        try:
            made = {**cloud_event(row, self.source, self.people)}
        except Unopened:
            made = {**cloud_event(dict(row) | {"salt": None}, self.source, self.people), "unopened": True}
            del made["erased"]
        if row["type"] in NAMING:
            data = _decode(row["data"])
            others = [name for name in PEOPLE if data.get(name) not in (None, str(user_id))]
            made["data"] = data | dict.fromkeys(others)
        return made

    def _entry(self, row: Any, user_id: UserId) -> dict[str, Any]:
        """Return an entry as its person may read it: not who else it was, from where, or how much others do.

        Of one whose `where` cannot be opened that is null, and `unopened` is true.
        """
        said = {name: row[name] for name in ("action", "outcome", "actor", "target", "organization_id", "occurred_at")}
        if said["actor"] != f"user:{user_id}":
            said["actor"] = said["actor"].partition(":")[0]
        salts: dict[UUID, bytes] = {user_id: row["salt"]} if row["salt"] else {}
        try:
            place = row["place"] and self.places.knowing(salts).open(user_id, row["place"], about(row["id"]))
        except ValueError:
            return said | {"where": None, "unopened": True}
        return said | {"where": _decode(place) if place else None}

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Any]:
        connection = await self.database.connect(PATIENCE, application_name="gatewright-dossiers")
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield connection
        finally:
            connection.terminate()


async def _some(connection: Any, query: str, user_id: UserId, after: int, most: int) -> tuple[list[Any], int]:
    """Return rows of `query`, one more than `most` if there is, and the position of the last that is wanted."""
    rows = await connection.fetch(query, user_id, after, most + 1)
    return rows, rows[min(len(rows), most) - 1]["position"] if rows else after
