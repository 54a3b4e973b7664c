"""Who ran what, and how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel.access import Actor
from domain.kernel.ids import uuid7
from domain.kernel.usecases import Message, UseCase

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail."""

    action: str
    outcome: str
    """`done`, `failed`, or the code of the refusal."""
    actor: str
    target: str | None
    """`<aggregate>:<id>`"""
    organization_id: UUID | None
    occurred_at: datetime
    id: UUID = field(default_factory=uuid7)

    def leaf(self, key: bytes) -> bytes:
        """Authenticate the entry with a key that the database does not hold: HMAC-SHA256 of the fields as JSON."""
        moment = self.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
        said = [self.id, self.action, self.outcome, self.actor, self.target, self.organization_id, moment]
        return digest(key, _encode(said), sha256)


def entry(
    case: UseCase, message: Message[Any], actor: Actor | None, outcome: str, target: str | None, now: datetime
) -> Entry:
    """Return what the audit trail says of `message`; `target` is what it changed, if anything."""
    ids = dict(_ids(message))
    named = next((f"{name}:{value}" for name, value in ids.items()), None)
    return Entry(
        action=case.audit or case.name,
        outcome=outcome,
        actor=str(actor or "anonymous"),
        target=target or named,
        organization_id=ids.get("organization") or (actor.organization_id if actor else None),
        occurred_at=now,
    )


def _ids(message: Any) -> Iterator[tuple[str, UUID]]:
    for declared in fields(message):
        value = getattr(message, declared.name)
        if declared.name.endswith("_id") and isinstance(value, UUID) and "secret" not in declared.metadata:
            yield declared.name.removesuffix("_id"), value
