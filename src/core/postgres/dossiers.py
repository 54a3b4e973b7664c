"""Everything that is held about a person in Postgres."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from core.audit.sealing import PersonalSeal
from core.cloudevents import COLUMNS, cloud_event
from core.personal import PersonalKeys
from core.postgres.audit import about
from core.postgres.database import Database
from core.postgres.dossier_sections import SECTIONS
from domain.events.schemas import CloudEvent
from domain.identity.dossiers.readers import Dossiers
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId
from domain.organizations.events import InvitationMade, OrganizationCreated, OwnershipTransferred

BATCH: Final = 2000
"""Rows read at a time of what may be many."""
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
ORDER BY position LIMIT {BATCH}
"""  # noqa: S608 - made of constants
_AUDIT: Final = f"""
SELECT position, id, action, outcome, actor, target, organization_id, occurred_at,
       CASE WHEN person_id = $1 THEN place END AS place, (SELECT salt FROM person_keys WHERE person_id = $1) AS salt
FROM audit
WHERE position > $2
  AND (person_id = $1 OR actor = 'user:' || $1::uuid::text OR target = 'user:' || $1::uuid::text)
ORDER BY position LIMIT {BATCH}
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class SqlDossiers(Dossiers):
    """Dossiers, each read from one snapshot, on a connection of its own: it may take longer than other reads."""

    database: Database
    people: PersonalKeys
    places: PersonalSeal
    source: str = "/auth"
    """The `source` of every event."""
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """How many are read at once."""
    wait: float = 2.0
    """Seconds to wait for others that are read."""

    async def find(self, user_id: UserId) -> Mapping[str, list[Any]] | None:
        """See `Dossiers.find`; raise `Overloaded` if too many are read at once."""
        try:
            async with asyncio.timeout(self.wait):
                await self.room.acquire()
        except TimeoutError:
            raise Overloaded from None
        try:
            async with self._snapshot() as connection:
                return await self._read(connection, user_id)
        finally:
            self.room.release()

    async def _read(self, connection: Any, user_id: UserId) -> Mapping[str, list[Any]] | None:
        held: dict[str, list[Any]] = {}
        for name, query in SECTIONS.items():
            held[name] = [_decode(row[0]) for row in await connection.fetch(_PLAIN.format(query), user_id)]
            if not held["account"]:
                return None
        events = [row async for row in _every(connection, _EVENTS, user_id)]
        held["events"] = [self._event(row, user_id) for row in events]
        held["audit"] = [self._entry(row, user_id) async for row in _every(connection, _AUDIT, user_id)]
        return held

    def _event(self, row: Any, user_id: UserId) -> CloudEvent:
        """Return an event as readers are told it, but for who else is named in it."""
        made = cloud_event(row, self.source, self.people)
        if row["type"] in NAMING:
            data = _decode(row["data"])
            others = [name for name in PEOPLE if data.get(name) not in (None, str(user_id))]
            made["data"] = data | dict.fromkeys(others)
        return made

    def _entry(self, row: Any, user_id: UserId) -> dict[str, Any]:
        """Return an entry as its person may read it: not who else it was, from where, or how much others do."""
        said = {name: row[name] for name in ("action", "outcome", "actor", "target", "organization_id", "occurred_at")}
        if said["actor"] != f"user:{user_id}":
            said["actor"] = said["actor"].partition(":")[0]
        salts: dict[UUID, bytes] = {user_id: row["salt"]} if row["salt"] else {}
        place = row["place"] and self.places.knowing(salts).open(user_id, row["place"], about(row["id"]))
        return said | {"where": _decode(place) if place else None}

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Any]:
        connection = await self.database.connect(
            application_name="gatewright-dossiers", statement_timeout=str(1000 * PATIENCE)
        )
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield connection
        finally:
            connection.terminate()


async def _every(connection: Any, query: str, user_id: UserId) -> AsyncIterator[Any]:
    """Yield the rows of `query` in the order of their positions."""
    position, rows = 0, [None]
    while rows:
        rows = await connection.fetch(query, user_id, position, timeout=PATIENCE)
        for row in rows:
            yield row
            position = row["position"]
