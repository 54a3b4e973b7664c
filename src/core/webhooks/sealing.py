"""Secrets of webhooks, sealed anew after the master secret has changed."""

from dataclasses import dataclass
from datetime import timedelta
from logging import getLogger
from typing import Any, Final
from uuid import UUID

from core.jobs.registry import Job, Nothing
from core.postgres.direct import Connects, session
from core.webhooks.signing import SealedSecrets

BATCH: Final = 500
READ: Final = "SELECT id, secret, previous_secret FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2"
# Whoever rotates the secret meanwhile wins: what is not there any more is not written over.
RENEW: Final = {
    "secret": "UPDATE webhooks SET secret = $3 WHERE id = $1 AND secret = $2",
    "previous_secret": "UPDATE webhooks SET previous_secret = $3 WHERE id = $1 AND previous_secret = $2",
}

_log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealingWebhooks:
    """Does the job that recurs: seals under the current master secret what an earlier one sealed."""

    database: Connects
    secrets: SealedSecrets
    every: timedelta = timedelta(minutes=10)

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("seal_webhooks", Nothing, self.run, patience=110, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Look at all of them; most times nothing is written."""
        renewed, after = 0, UUID(int=0)
        async with session(self.database, "gatewright-sealing") as connection:
            while rows := await connection.fetch(READ, after, BATCH):
                for row in rows:
                    renewed += await self._renew(row, connection)
                after = rows[-1]["id"]
        if renewed:
            _log.info("%s secrets of webhooks are sealed under the new master secret", renewed)

    async def _renew(self, row: Any, connection: Any) -> int:
        count = 0
        for column, statement in RENEW.items():
            before = row[column]
            if before and (after := self.secrets.renewed(row["id"], before)):
                await connection.execute(statement, row["id"], before, after)
                count += 1
        return count
