"""Erasures in Postgres."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.erasing import ERASE, payload
from core.personal import SEALED, PersonalKeys, Unopened
from core.postgres.database import Database
from core.postgres.unsealed import PROFILES
from core.postgres.work import SqlWork
from core.secrets import Sealed
from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.erasures.readers import ErasureLists, ErasurePlace
from domain.identity.erasures.repositories import Erasures
from domain.identity.erasures.schemas import Acknowledgement, Erasure
from domain.identity.models import User
from domain.kernel.events import personal
from domain.kernel.ids import UserId

_log = logging.getLogger(__name__)

_TOLD: Final = text("""
SELECT id, data::text AS data, (SELECT salt FROM person_keys WHERE person_id = :person) AS salt FROM (
    SELECT id, type, data FROM events WHERE aggregate_id = :person
    UNION ALL SELECT id, type, data FROM outbox WHERE aggregate_id = :person
) told WHERE type = ANY (:types)
""")
_OTHERS: Final = text("""
SELECT email FROM mailed_links WHERE user_id = :person
UNION SELECT email FROM former_addresses WHERE person_id = :person
""")
_ELSEWHERE: Final = text("SELECT email FROM users WHERE email = ANY (:addresses) AND id <> :person")
# What the release before announced was not sealed: it is emptied where it stands, and marked as if it had been.
_EMPTY: Final = """
UPDATE {} SET data = data || CAST(:nothing AS jsonb)
WHERE aggregate_id = :person AND type = :type AND NOT data ? :sealed
"""
_KEY: Final = text("DELETE FROM person_keys WHERE person_id = :person")
_REST: Final = text("""
WITH failures AS (DELETE FROM sign_in_failures WHERE starts_with(account, :person || '@')),
    answers AS (
        DELETE FROM idempotency_keys
        WHERE actor = 'user:' || :person OR person_id = CAST(:person AS uuid)
            OR people @> ARRAY[CAST(:person AS uuid)] OR about = ANY (:pseudonyms)
    ),
    queued AS (DELETE FROM jobs WHERE about = ANY (:pseudonyms)),
    erased AS (
        INSERT INTO erasures (person_id, erased_at, due_at) VALUES (CAST(:person AS uuid), :at, :due)
        RETURNING person_id
    )
INSERT INTO erasure_acknowledgements (person_id, subscriber)
SELECT person_id, subscriber FROM erased, unnest(CAST(:subscribers AS text[])) AS subscriber
""")
_ACKNOWLEDGE: Final = text("""
UPDATE erasure_acknowledgements SET acknowledged_at = coalesce(acknowledged_at, :at)
WHERE person_id = :person AND subscriber = :subscriber RETURNING true
""")
_SHOWN: Final = """
SELECT e.person_id, e.erased_at, e.due_at, e.finished_at, a.told, a.missing AND e.due_at < $1 AS is_overdue
FROM erasures e, LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_array(subscriber, acknowledged_at) ORDER BY subscriber), '[]')::text AS told,
           coalesce(bool_or(acknowledged_at IS NULL), false) AS missing
    FROM erasure_acknowledgements a WHERE a.person_id = e.person_id
) a
"""
_FIND: Final = f"{_SHOWN} WHERE e.person_id = $2"
_LIST: Final = f"""
{_SHOWN}
WHERE ($2::timestamptz IS NULL OR (e.erased_at, e.person_id) < ($2, $3::uuid))
  AND (NOT $5 OR a.missing AND e.due_at < $1)
ORDER BY e.erased_at DESC, e.person_id DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class SqlErasures(Erasures):
    """Erasures, in the transaction of the command."""

    work: SqlWork
    people: PersonalKeys
    sealed: Sealed

    async def erase(self, user: User, at: datetime, policy: ErasurePolicy) -> Collection[str]:
        """See `Erasures.erase`; former addresses are in events, too, so they are read before the key is gone."""
        session = await self.work.begin()
        addresses = sorted(await self._addresses(user))
        for kind in PROFILES:
            nothing = dict.fromkeys(personal(kind)) | {SEALED: [str(user.id), ""]}
            known = {"person": user.id, "type": kind.type, "sealed": SEALED, "nothing": json.dumps(nothing)}
            for table in ("outbox", "events"):
                await session.execute(text(_EMPTY.format(table)), known)
        await session.execute(_KEY, {"person": user.id})
        await session.execute(
            _REST,
            {
                "person": str(user.id),
                "pseudonyms": [each for address in addresses for each in self.people.pseudonyms(address)],
                "at": at,
                "due": at + policy.within,
                "subscribers": list(policy.subscribers),
            },
        )
        self.work.enqueue(ERASE, payload(self.sealed, user.id, addresses))
        return addresses

    async def acknowledge(self, user_id: UserId, subscriber: str, at: datetime) -> None:
        """See `Erasures.acknowledge`."""
        session = await self.work.begin()
        known = {"person": user_id, "subscriber": subscriber, "at": at}
        if (await session.execute(_ACKNOWLEDGE, known)).first() is None:
            raise ErasureNotFound

    async def _addresses(self, user: User) -> Collection[str]:
        """Return every address that the person has, had, or is about to have, and nobody else has."""
        session = await self.work.begin()
        types = [kind.type for kind in PROFILES]
        told = await session.execute(_TOLD, {"person": user.id, "types": types})
        others = (await session.execute(_OTHERS, {"person": user.id})).scalars()
        found = {user.email, *others, *(email for row in told if (email := self._told(row)))}
        elsewhere = await session.execute(_ELSEWHERE, {"addresses": sorted(found), "person": user.id})
        return found - set(elsewhere.scalars())

    def _told(self, row: Any) -> str | None:
        """Return the address that an event tells, if any; of one that cannot be opened the erasure does not depend."""
        try:
            email: str | None = self.people.read(row.data, row.salt, row.id).get("email")
        except Unopened:
            _log.warning("event %s cannot be opened: an address that it alone has is not looked for", row.id)
            return None
        return email


@dataclass(frozen=True, slots=True)
class SqlErasureLists(ErasureLists):
    """Erasures as they are at the moment."""

    database: Database

    async def find(self, user_id: UserId, at: datetime) -> Erasure | None:
        """See `ErasureLists.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, at, user_id)
        return row and _erasure(row)

    async def list(self, after: ErasurePlace | None, most: int, at: datetime, *, overdue: bool) -> Sequence[Erasure]:
        """See `ErasureLists.list`."""
        place: tuple[datetime | None, UUID | None] = (after.erased_at, after.user_id) if after else (None, None)
        async with self.database.read() as connection:
            return [_erasure(row) for row in await connection.fetch(_LIST, at, *place, most, overdue)]


def _erasure(row: Mapping[str, Any]) -> Erasure:
    return Erasure(
        user_id=UserId(row["person_id"]),
        erased_at=row["erased_at"],
        finished_at=row["finished_at"],
        due_at=row["due_at"],
        is_overdue=row["is_overdue"],
        acknowledgements=[
            Acknowledgement(subscriber, datetime.fromisoformat(at) if at else None)
            for subscriber, at in json.loads(row["told"])
        ],
    )
