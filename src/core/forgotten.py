"""Forgotten passwords: the question is queued in the request, and answered behind it."""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.clock import SystemClock
from core.jobs.registry import Job, Unrepeatable
from core.mail import Enqueues, JobMailer, Seal
from core.personal import PersonalKeys
from core.postgres.database import Database
from core.postgres.links import SqlLinks
from core.postgres.people import SqlUsers
from core.postgres.profiles import SqlCredentials
from core.postgres.work import SqlWork
from domain.identity.mailing import LinkMails, LinkPolicy, Owners
from domain.identity.models import User
from domain.identity.ports import LinkTokens, ResetRequests

MAIL_RESET: Final = "mail_reset"
_ABOUT: Final = b"job:mail_reset"


@dataclass(frozen=True, slots=True)
class SealedAddress:
    """The payload of the job: an address, sealed, in base64. Most are of nobody, and none of anybody's business."""

    sealed: str


def sealed(seal: Seal, text: str, about: bytes) -> dict[str, str]:
    """Return the payload of a job about an address."""
    return {"sealed": b64encode(seal.seal(text.encode(), about)).decode()}


def opened(seal: Seal, payload: SealedAddress, about: bytes) -> str:
    """Return what was sealed, or raise `Unrepeatable`."""
    try:
        return seal.open(b64decode(payload.sealed, validate=True), about).decode()
    except ValueError as error:
        raise Unrepeatable("the address cannot be opened") from error


@dataclass(frozen=True, slots=True)
class JobResetRequests(ResetRequests):
    """Queues the question with the work of a command."""

    work: Enqueues
    seal: Seal

    def ask(self, address: str) -> None:
        """See `ResetRequests.ask`."""
        self.work.enqueue(MAIL_RESET, sealed(self.seal, address, _ABOUT), to=address)


@dataclass(frozen=True, slots=True)
class Mailing:
    """What jobs about an address need."""

    database: Database
    seal: Seal
    tokens: LinkTokens
    policy: LinkPolicy
    audit_key: bytes
    people: PersonalKeys

    async def mail(self, address: str, send: Callable[[LinkMails, User], Awaitable[None]]) -> None:
        """Make a link and queue its mail, in one transaction, if there is anybody to mail it to."""
        clock = SystemClock()
        work = SqlWork(self.database, clock, self.audit_key, lambda _: None, people=self.people)
        mails = LinkMails(self.tokens, SqlLinks(work), JobMailer(work, self.seal), self.policy, clock)
        try:
            if user := await Owners(SqlCredentials(self.database), SqlUsers(work)).find(address):
                await send(mails, user)
            await work.commit()
        finally:
            await work.rollback()


@dataclass(frozen=True, slots=True)
class ResetMailing:
    """Does the job: mails a link, if there is anybody to mail it to. Done twice, only the later link works."""

    mailing: Mailing

    @property
    def job(self) -> Job[SealedAddress]:
        """The job that `JobResetRequests` queues."""
        return Job(MAIL_RESET, SealedAddress, self.run)

    async def run(self, payload: SealedAddress, _job: UUID) -> None:
        """Mail a link to choose another password."""
        address = opened(self.mailing.seal, payload, _ABOUT)
        await self.mailing.mail(address, LinkMails.reset)
