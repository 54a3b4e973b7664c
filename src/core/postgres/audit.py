"""Who ran what, from where, and how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from core.audit.leaves import NEWEST, leaf
from core.audit.sealing import PersonalSeal
from domain.kernel.access import Actor, Origin
from domain.kernel.ids import uuid7
from domain.kernel.usecases import Message, UseCase
from domain.sessions.devices import device

ANONYMOUS: Final = "anonymous"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from: personal data, of which nothing is stored in the clear."""

    address: str | None
    client: str | None
    """The family of the program and of its system, as it claims: `Firefox, Linux`."""

    @classmethod
    def of(cls, origin: Origin) -> "Place | None":
        """Return what is remembered of `origin`, None if nothing is known."""
        said = device(origin.user_agent)
        client = ", ".join(each for each in (said.client, said.system) if each) if said else None
        return cls(origin.address, client) if origin.address or client else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail."""

    action: str
    outcome: str
    """`done`, `failed`, or the code of the refusal."""
    actor: str
    """`<type>:<id>`, `anonymous`, or what runs the service."""
    target: str | None
    """`<aggregate>:<id>`"""
    organization_id: UUID | None
    occurred_at: datetime
    person_id: UUID | None = None
    """Whose the place is: of the actor, or of whom the command was about if nobody knows who asked."""
    place: Place | None = None
    trace: str | None = None
    """The id of the W3C trace, in hexadecimal."""
    id: UUID = field(default_factory=uuid7)

    def row(self, key: bytes, seal: PersonalSeal | None) -> dict[str, Any]:
        """Return what is stored, bytes in hexadecimal; without a seal it is not said where it was."""
        stored = {name: getattr(self, name) for name in _AS_THEY_ARE} | {"form": NEWEST, "place": None}
        if self.place and seal:
            stored["place"] = seal.seal(self.person_id, _encode(self.place), about(self.id))
        stored["leaf"] = leaf(key, stored).hex()
        return stored | {"place": stored["place"] and stored["place"].hex()}


_AS_THEY_ARE: Final = tuple(each.name for each in fields(Entry) if each.name != "place")


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command changed first: `<aggregate>:<id>`, whom that is about, and in which organization."""

    target: str | None = None
    person_id: UUID | None = None
    organization_id: UUID | None = None


def about(entry_id: UUID) -> bytes:
    """Return what a sealed place is bound to: its entry."""
    return b"audit:" + entry_id.bytes


def entry(
    case: UseCase,
    message: Message[Any],
    actor: Actor | None,
    outcome: str,
    changed: Changed,
    origin: Origin,
    trace: str | None,
    now: datetime,
) -> Entry:
    """Return what the audit trail says of `message`.

    Where a command without a credential succeeded, like a sign-in, whoever `changed` is about has acted. `trace` is a
    W3C traceparent.
    """
    ids = dict(_ids(message))
    named = _said(message) or next((f"{name}:{value}" for name, value in ids.items()), None)
    person = changed.person_id
    proven = f"user:{person}" if person and outcome == "done" else ANONYMOUS
    return Entry(
        action=case.audit or case.name,
        outcome=outcome,
        actor=str(actor or proven),
        target=changed.target or named,
        organization_id=ids.get("organization")
        or changed.organization_id
        or (actor.organization_id if actor else None),
        occurred_at=now,
        person_id=(actor.user_id if actor.user_id.int else None) if actor else person,
        place=Place.of(origin),
        trace=trace[3:35] if trace else None,
    )


def _said(message: Any) -> str | None:
    said = (each.name for each in fields(message) if "target" in each.metadata)
    named = next((f"{name}:{getattr(message, name)}" for name in said), "")
    # What somebody wrote is said of refusals too, and Postgres keeps no text with a NUL in it.
    return "".join(each if each.isprintable() else "\ufffd" for each in named) or None


def _ids(message: Any) -> Iterator[tuple[str, UUID]]:
    for declared in fields(message):
        value = getattr(message, declared.name)
        if declared.name.endswith("_id") and isinstance(value, UUID) and "secret" not in declared.metadata:
            yield declared.name.removesuffix("_id"), value
