"""Commands that only want to know whether they could be done."""

from dataclasses import dataclass

from core.postgres.work import SqlWork
from domain.access.policies.ports import Rehearsal


@dataclass(frozen=True, slots=True)
class SqlRehearsal(Rehearsal):
    work: SqlWork

    async def forget(self) -> None:
        """See `Rehearsal.forget`. The claim of an `Idempotency-Key` stays: the answer is kept under it."""
        claim = self.work.pending.claim
        await self.work.rollback()
        self.work.pending.claim = claim
