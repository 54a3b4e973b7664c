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
from domain.identity.dossiers.readers import Dossiers
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId

BATCH: Final = 2000
"""Rows read at a time of what may be many."""
PATIENCE: Final = 20
"""Seconds that one of these reads may take."""
ABOUT: Final = "coalesce(data ->> 'user_id', data ->> 'subject_id', data ->> 'owner_id')"
"""Whom an event is about whose aggregate is none of people."""

_decode = msgspec.json.Decoder().decode

# Each takes the person's id.
SECTIONS: Final[Mapping[str, str]] = {
    "account": "SELECT * FROM users WHERE id = $1",
    "former_addresses": "SELECT email, left_at FROM former_addresses WHERE person_id = $1 ORDER BY left_at",
    "password": "SELECT changed_at FROM credentials WHERE user_id = $1",
    "failed_sign_ins": """
        SELECT split_part(account, '@', 2) AS place, failures, failed_at FROM sign_in_failures
        WHERE starts_with(account, $1::uuid::text || '@')
    """,
    "sessions": "SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at",
    "refresh_tokens": """
        SELECT id, session_id, generation, rotations, address, expires_at, revoked_at FROM refresh_families
        WHERE user_id = $1 ORDER BY id
    """,
    "mailed_links": "SELECT purpose, email, expires_at FROM mailed_links WHERE user_id = $1",
    "memberships": """
        SELECT m.*, o.name AS organization FROM memberships m JOIN organizations o ON o.id = m.organization_id
        WHERE m.user_id = $1 ORDER BY m.created_at
    """,
    "teams": """
        SELECT m.*, t.name AS team FROM team_members m JOIN teams t ON t.id = m.team_id
        WHERE m.user_id = $1 ORDER BY m.created_at
    """,
    "visibility_groups": "SELECT group_id, organization_id FROM visibility_members WHERE user_id = $1",
    "hidden_in": "SELECT group_id, organization_id FROM visibility_contents WHERE user_id = $1",
    "grants": """
        SELECT g.*, r.name AS role FROM grants g JOIN roles r ON r.id = g.role_id
        WHERE g.subject_type = 'user' AND g.subject_id = $1 ORDER BY g.created_at
    """,
    "resources": """
        SELECT id, organization_id, type, external_id, attributes, created_at, updated_at FROM resources
        WHERE owner_id = $1 ORDER BY id
    """,
    "invitations": """
        SELECT id, organization_id, created_at, expires_at FROM invitations WHERE email = (
            SELECT email FROM users WHERE id = $1)
    """,
    "invitations_by_them": """
        SELECT id, organization_id, email, created_at, expires_at FROM invitations WHERE invited_by = $1
    """,
    "webhooks": """
        SELECT id, organization_id, url, description, created_at FROM webhooks WHERE created_by = $1 ORDER BY id
    """,
    "revocations": "SELECT * FROM revocations WHERE scope = 'user' AND id = $1::uuid::text",
    "repeatable_requests": """
        SELECT key, expires_at FROM idempotency_keys WHERE actor = 'user:' || $1::uuid::text OR person_id = $1
    """,
    "key": "SELECT created_at FROM person_keys WHERE person_id = $1",
}
"""What is held, and how it is read: never a hash, a token or a key."""

EXEMPT: Final[Mapping[str, str]] = {
    "access_changes": "which of what processes remember is to be read again, for a week, by id",
    "alembic_version": "about the database",
    "archived_partitions": "about files that hold older parts of the logs",
    "audit_checkpoints": "about the audit trail as a whole",
    "audit_keys": "about the service",
    "audit_pending": "exported from `audit`, a moment later",
    "configuration_bodies": "documents of organizations",
    "configuration_heads": "documents of organizations",
    "configuration_versions": "documents of organizations",
    "delivery_cursors": "about subscribers",
    "erasure_acknowledgements": "about people of whom nothing else is left",
    "erasures": "about people of whom nothing else is left",
    "jobs": "sealed mails that are on their way to the person",
    "log_head": "about the log",
    "outbox": "exported from `events`, a moment later",
    "parked_events": "positions of events, which are exported",
    "policy_models": "rules of organizations, in their words",
    "policy_rules": "rules of organizations, in their words",
    "role_inherits": "about roles",
    "service_accounts": "about programs",
    "setup": "about the installation",
    "signing_keys": "about the service",
    "visibility_groups": "about organizations",
    "webhook_cursors": "about webhooks",
    "webhook_deliveries": "which events went where, by their ids: the events are exported",
}
"""Tables that a dossier leaves out, and why."""

_PLAIN: Final = "SELECT to_jsonb(held)::text FROM ({}) AS held"
# What is about somebody and of another aggregate has an index of its own, see the migration.
_EVENTS: Final = f"""
SELECT {COLUMNS} FROM events WHERE aggregate_id = $1 AND position > $2
UNION ALL
SELECT {COLUMNS} FROM events
WHERE aggregate_type <> 'user' AND {ABOUT} = $1::uuid::text AND position > $2
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
        held["events"] = [cloud_event(row, self.source, self.people) for row in events]
        held["audit"] = [self._entry(row, user_id) async for row in _every(connection, _AUDIT, user_id)]
        return held

    def _entry(self, row: Any, user_id: UserId) -> dict[str, Any]:
        """Return an entry without its position, which would tell how much others do; places are only one's own."""
        said = {name: row[name] for name in ("action", "outcome", "actor", "target", "organization_id", "occurred_at")}
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
