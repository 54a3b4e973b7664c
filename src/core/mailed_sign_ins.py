"""Codes to sign in with: the question is queued in the request, and answered behind it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.forgotten import Mailing, SealedAddress, opened, sealed
from core.jobs.registry import Job
from core.mail import Enqueues, Seal
from domain.identity.ports import SignInRequests

MAIL_CODE: Final = "mail_sign_in"
_ABOUT: Final = b"job:mail_sign_in"


@dataclass(frozen=True, slots=True)
class JobSignInRequests(SignInRequests):
    """Queues the question with the work of a command."""

    work: Enqueues
    seal: Seal

    def ask(self, address: str, challenge: str) -> None:
        """See `SignInRequests.ask`."""
        self.work.enqueue(MAIL_CODE, sealed(self.seal, f"{challenge} {address}", _ABOUT), to=address)


@dataclass(frozen=True, slots=True)
class CodeMailing:
    """Does the job: mails a code, if there is anybody to mail it to. Done twice, it is the same code."""

    mailing: Mailing

    @property
    def job(self) -> Job[SealedAddress]:
        """The job that `JobSignInRequests` queues."""
        return Job(MAIL_CODE, SealedAddress, self.run)

    async def run(self, payload: SealedAddress, _job: UUID) -> None:
        """Keep the challenge, and mail its code."""
        challenge, _, address = opened(self.mailing.seal, payload, _ABOUT).partition(" ")
        await self.mailing.mail(address, lambda mails, user: mails.sign_in(user, challenge))
