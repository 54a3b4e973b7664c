"""One attempt at one job."""

import asyncio
import logging
from dataclasses import dataclass
from uuid import UUID

import msgspec

from core.jobs.registry import Job, Jobs, Unrepeatable, backoff
from core.postgres.jobs import SqlJobs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runner:
    """Try a job, and write down what came of it."""

    jobs: Jobs
    rows: SqlJobs

    async def __call__(self, job_id: UUID, attempt: int) -> str:
        """Try it; return "done", "failed", "parked", or "void" when another attempt has taken its place."""
        found = await self.rows.load(job_id, attempt)
        if not found:
            return "void"
        name, payload = found
        job = self.jobs[name]
        try:
            await self._attempt(job, payload, job_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is written down and tried again
            return await self._failed(job, job_id, attempt, error)
        await self.rows.done(job_id, job.every)
        return "done"

    async def _attempt(self, job: Job[object], payload: str, job_id: UUID) -> None:
        try:
            made = msgspec.json.decode(payload, type=job.payload)
        except msgspec.ValidationError as error:
            raise Unrepeatable("the payload is not of this job") from error
        async with asyncio.timeout(job.patience):
            await job.handle(made, job_id)

    async def _failed(self, job: Job[object], job_id: UUID, attempt: int, error: Exception) -> str:
        park = not job.every and (isinstance(error, Unrepeatable) or attempt >= job.attempts)
        # The text of a foreign error may repeat an address, or worse: the kind of error is all that is kept.
        reason = f"Unrepeatable: {error}" if isinstance(error, Unrepeatable) else type(error).__name__
        if park:
            log.error("job %s (%s) is parked after attempt %d: %s", job_id, job.name, attempt, reason)
        else:
            log.warning("job %s (%s) failed, attempt %d: %s", job_id, job.name, attempt, reason)
        log.debug("job %s failed", job_id, exc_info=error)
        await self.rows.failed(job_id, attempt, reason, backoff(attempt), park=park)
        return "parked" if park else "failed"
