"""Idempotency keys in Postgres: claimed, answered and forgotten in the transaction of the command."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Protocol

from core.idempotency import Claim, Idempotency
from core.postgres.work import SqlWork
from domain.kernel.errors import IdempotencyInFlight, IdempotencyMismatch

_FIND: Final = "SELECT request, answer FROM idempotency_keys WHERE actor = $1 AND key = $2 AND expires_at > now()"


class Sealed(Protocol):
    """Encrypt with authentication; `associated` must be the same again to open what was sealed."""

    def seal(self, data: bytes, associated: bytes) -> bytes: ...

    def open(self, data: bytes, associated: bytes) -> bytes: ...


@dataclass(slots=True)
class SqlIdempotency(Idempotency):
    """The keys of one command. Answers are sealed, each for its own claim."""

    work: SqlWork
    sealed: Sealed
    secret: bytes

    async def find(self, claim: Claim) -> bytes | None:
        """Return the answer kept under the key, None if there is none."""
        async with self.work.database.read() as connection:
            kept = await connection.fetchrow(_FIND, claim.actor, claim.key)
        if kept is None:
            return None
        if not compare_digest(kept["request"], claim.request):
            raise IdempotencyMismatch
        if kept["answer"] is None:
            raise IdempotencyInFlight
        return self.sealed.open(kept["answer"], _associated(claim))

    def claim(self, claim: Claim) -> None:
        """Have the claim written when the work begins."""
        self.work.pending.claim = claim

    def keep(self, answer: bytes) -> None:
        """Have the answer written with everything else that is committed."""
        claim = self.work.pending.claim
        assert claim
        self.work.pending.answer = self.sealed.seal(answer, _associated(claim))


def _associated(claim: Claim) -> bytes:
    return b"\0".join((claim.actor.encode(), claim.key.encode(), claim.request))
