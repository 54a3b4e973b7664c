"""Codes to sign in with: the question is queued in the request, and answered behind it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.clock import SystemClock
from core.forgotten import SealedAddress, opened, sealed
from core.jobs.registry import Job
from core.mail import Enqueues, JobMailer, Seal
from core.postgres.database import Database
from core.postgres.links import SqlLinks
from core.postgres.people import SqlUsers
from core.postgres.profiles import SqlCredentials
from core.postgres.work import SqlWork
from domain.identity.mail_proofs import MailedSignIns
from domain.identity.mailing import LinkMails, LinkPolicy
from domain.identity.ports import LinkTokens, SignInRequests

MAIL_CODE: Final = "mail_sign_in"
_ABOUT: Final = b"job:mail_sign_in"


@dataclass(frozen=True, slots=True)
class JobSignInRequests(SignInRequests):
    """Queues the question with the work of a command."""

    work: Enqueues
    seal: Seal

    def ask(self, address: str, challenge: str) -> None:
        """See `SignInRequests.ask`."""
        self.work.enqueue(MAIL_CODE, sealed(self.seal, f"{challenge} {address}", _ABOUT))


@dataclass(frozen=True, slots=True)
class CodeMailing:
    """Does the job: mails a code, if there is anybody to mail it to. Done twice, it is the same code."""

    database: Database
    seal: Seal
    tokens: LinkTokens
    policy: LinkPolicy
    audit_key: bytes

    @property
    def job(self) -> Job[SealedAddress]:
        """The job that `JobSignInRequests` queues."""
        return Job(MAIL_CODE, SealedAddress, self.run)

    async def run(self, payload: SealedAddress, _job: UUID) -> None:
        """Keep the challenge and queue the mail, in one transaction."""
        challenge, _, address = opened(self.seal, payload, _ABOUT).partition(" ")
        clock = SystemClock()
        work = SqlWork(self.database, clock, self.audit_key, committed=lambda _: None)
        mails = LinkMails(self.tokens, SqlLinks(work), JobMailer(work, self.seal), self.policy, clock)
        try:
            await MailedSignIns(SqlCredentials(self.database), SqlUsers(work), mails).help(address, challenge)
            await work.commit()
        finally:
            await work.rollback()
