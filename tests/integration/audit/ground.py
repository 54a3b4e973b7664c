"""Writing, altering and verifying an audit trail."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from core.audit.checking import Fault
from core.audit.checkpoints import Checkpoint
from core.audit.keys import AuditKeys
from core.audit.leaves import leaf
from core.audit.sealing import DeploymentSeal
from core.postgres.audit import Entry, Place
from core.postgres.audit_checkpoints import Checkpoints
from core.postgres.audit_trail import Verification
from core.postgres.database import Database
from core.secrets import Secrets, seal
from domain.kernel.ids import uuid7
from tests.support.facts import number

LENGTH: Final = 60
SPACING: Final = 20
SECRETS: Final = Secrets(b"the master secret of the tests of the audit trail")
SEAL: Final = DeploymentSeal(seal(SECRETS, "people"))
NOW: Final = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)

WRITE: Final = """
INSERT INTO audit_pending (id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place,
                           trace, leaf)
SELECT id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, decode(place, 'hex'), trace,
       decode(leaf, 'hex')
FROM jsonb_to_recordset($1::text::jsonb)
AS entry (id uuid, action text, outcome text, actor text, target text, organization_id uuid, occurred_at timestamptz,
          form smallint, person_id uuid, place text, trace text, leaf text)
"""


@dataclass
class Trail:
    database: Database
    connection: Any
    keys: AuditKeys = field(default_factory=lambda: AuditKeys.of(SECRETS))

    async def write(self, count: int, form: int = 2, **fields: Any) -> None:
        """Write entries as commands do, and number them."""
        rows = [self._row(place, form, fields) for place in range(count)]
        await self.connection.execute(WRITE, msgspec.json.encode(rows).decode())
        await number(self.connection)

    def _row(self, place: int, form: int, fields: dict[str, Any]) -> dict[str, Any]:
        person = uuid7()
        entry = Entry(
            action="identity.user.update" if place % 2 else "sessions.session.start",
            outcome="done" if place % 3 else "sessions.sign_in_refused",
            actor=f"user:{person}",
            target=f"user:{uuid7()}" if place % 5 else None,
            organization_id=uuid7() if place % 2 else None,
            occurred_at=NOW + timedelta(seconds=place),
            person_id=person,
            place=Place("192.0.2.7", "Firefox, Linux") if place % 4 else None,
            trace="0af7651916cd43dd8448eb211c80319c" if place % 2 else None,
        )
        entry = replace(entry, **fields)
        key = self.keys.every[0].leaf
        row = entry.row(key, SEAL)
        if form == 1:
            row |= {"form": 1, "person_id": None, "place": None, "trace": None}
            row["leaf"] = leaf(key, row).hex()
        return row

    async def sign(self, spacing: int = SPACING) -> list[Checkpoint]:
        return await Checkpoints(self.database, self.keys, spacing=spacing).make(self.connection)

    async def faults(self, **options: Any) -> list[Fault]:
        """Return what is wrong."""
        keys = options.pop("keys", self.keys)
        return [fault async for fault in Verification(self.connection, keys, **options).run()]

    async def rows(self) -> list[dict[str, Any]]:
        found = await self.connection.fetch("SELECT * FROM audit ORDER BY position")
        return [dict(row) for row in found]

    async def force(self, statement: str) -> None:
        """Do what only a superuser can."""
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL session_replication_role = replica")
            await self.connection.execute(statement)

    @asynccontextmanager
    async def altered(self) -> AsyncIterator[None]:
        """Let the block do what only a superuser can; afterwards it never happened."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            await self.connection.execute("SET LOCAL session_replication_role = replica")
            yield
        finally:
            await transaction.rollback()


def flipped(value: Any, bit: int) -> Any:
    """Return another value of the same kind."""
    match value:
        case bytes():
            at = bit // 8 % len(value)
            return value[:at] + bytes([value[at] ^ 1 << bit % 8]) + value[at + 1 :]
        case str():
            at = bit // 5 % len(value)
            return value[:at] + chr(ord(value[at]) ^ 1 << bit % 5) + value[at + 1 :]
        case datetime():
            return value + timedelta(microseconds=1 << bit % 40)
        case bool() | int():
            return value ^ 1 << bit % 4
        case _ if hasattr(value, "bytes"):  # asyncpg has a UUID of its own
            return UUID(bytes=flipped(value.bytes, bit))
    raise TypeError(value)


def archived(row: dict[str, Any]) -> str:
    """Return the line that an archive has of a row."""
    said = {name: f"\\x{each.hex()}" if isinstance(each, bytes) else each for name, each in row.items()}
    return json.dumps(said, default=lambda each: each.isoformat() if isinstance(each, datetime) else str(each))
