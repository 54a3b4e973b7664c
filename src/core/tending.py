"""Signing keys that look after themselves."""

from dataclasses import dataclass
from datetime import timedelta
from logging import getLogger
from uuid import UUID

from core.jobs.registry import Job, Nothing
from core.key_forge import KeySafe
from core.operating import CALL
from core.pipeline import Dispatcher
from core.postgres.signing_keys import SqlRing
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.models import KeyState
from domain.keys.policies import KeyPolicy

_log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TendingKeys:
    """Does the job that recurs: sends `TendKeys` when something is due, and seals anew after the secret changed."""

    ring: SqlRing
    safe: KeySafe
    policy: KeyPolicy
    dispatch: Dispatcher

    @property
    def every(self) -> timedelta:
        """How often to look: a few times while a new key is published, and every minute at least."""
        return min(max(self.policy.cached / 4, timedelta(seconds=1)), timedelta(minutes=1))

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("tend_keys", Nothing, self.run, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Look, and do what is due; most times that is nothing, and nothing is written."""
        if renewed := await self.ring.seal_again(self.safe):
            _log.info("%s signing keys are sealed under the new master secret", renewed)
        now, rows = await self.ring.look()
        active = next((row for row in rows if row.state is KeyState.ACTIVE), None)
        waiting = next((row for row in rows if row.state is KeyState.NEXT), None)
        if self.policy.wants_work(active, waiting, now):
            await self.dispatch(TendKeys(), CALL)
