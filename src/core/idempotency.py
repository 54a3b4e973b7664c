"""Run a command once, however often it is sent with the same `Idempotency-Key`."""

from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.kernel.access import Actor
from domain.kernel.errors import IdempotencyMismatch
from domain.kernel.usecases import Message, UseCase


@dataclass(frozen=True, slots=True)
class Claim:
    """The first use of a key: by whom, and for which request."""

    actor: str
    key: str
    request: bytes
    """HMAC-SHA256 of the operation and everything it was sent; keyed, because that may contain a password."""
    person: UUID | None = None
    """Whom the request names, if anybody: the answer goes when they are erased."""

    @classmethod
    def of(cls, actor: Actor | None, key: str, request: bytes, person: UUID | None = None) -> "Claim":
        """Return the claim of `actor`, or of nobody: then keys are kept apart by request.

        One nobody cannot be told from another by anything but what they send, which a stranger does not know. So nobody
        meets the key of somebody else, and whoever is given an answer again sent all that it came of.
        """
        return cls(str(actor) if actor else f"anonymous:{request.hex()}", key, request, person)


class Claimed(Exception):
    """A twin with the same key committed first: answer what it answered."""


class Idempotency(Protocol):
    """Keep claims and answers in the transaction of the command."""

    secret: bytes
    """The key of request fingerprints."""

    async def find(self, claim: Claim) -> bytes | None:
        """Return the answer kept under the key, None if there is none; hold no connection afterwards.

        Raise `IdempotencyMismatch` if the key was used for another request, `IdempotencyInFlight` if the first use has
        not ended.
        """

    def claim(self, claim: Claim) -> None:
        """Have the claim written as the first statement of the transaction, which then waits for a twin's.

        The statement raises `Claimed` if the twin committed, `IdempotencyInFlight` if it takes too long. A rollback and
        a refusal that keeps its work both forget the claim: refusals are judged anew.
        """

    def keep(self, answer: bytes) -> None:
        """Have the answer written with the claim, sealed: it may contain tokens."""


def fingerprint(secret: bytes, message: Message[Any]) -> bytes:
    """Return what tells this request from any other."""
    return digest(secret, type(message).__name__.encode() + b"\0" + msgspec.json.encode(message), sha256)


def named(message: Message[Any]) -> UUID | None:
    """Return the person that a request is about by its own account."""
    person = getattr(message, "user_id", None)
    return person if isinstance(person, UUID) else None


def answer_bytes(result: Any) -> bytes:
    """Encode what a command returned."""
    return msgspec.json.encode(result)


def answer_from(kept: bytes, case: UseCase) -> Any:
    """Decode what the command of `case` returned; raise `IdempotencyMismatch` if it returned something else then."""
    try:
        return msgspec.json.decode(kept, type=case.result)
    except msgspec.DecodeError:
        raise IdempotencyMismatch("Another version of this service answered it, in another form.") from None
