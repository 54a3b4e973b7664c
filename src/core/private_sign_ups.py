"""Accounts that are made behind the request that asks for them: what it takes depends on who is known."""

from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

import msgspec
from dishka import Provider, Scope, WithParents, make_async_container, provide

from core.forgotten import SealedAddress, opened, sealed
from core.jobs.registry import Job
from core.keys import Keys
from core.mail import Enqueues, JobMailer, Seal
from core.mailed_tokens import RandomLinkTokens
from core.operating import CALL, OperatorWork, trusting
from core.pipeline import Dispatcher
from core.postgres.database import Database
from core.postgres.links import SqlLinks
from core.postgres.people import SqlPasswordHashes, SqlUsers
from core.postgres.work import SqlWork
from core.secrets import Sealed
from core.secrets import seal as seal_of
from domain.identity.commands.open_account import OpenAccount, OpenAccountInteractor
from domain.identity.mailing import LinkMails, LinkPolicy
from domain.identity.ports import AccountRequest, AccountRequests, LinkTokens
from domain.identity.registration import Accounts
from domain.kernel.ports import Mailer

OPEN_ACCOUNT: Final = "open_account"
_ABOUT: Final = b"job:open_account"


@dataclass(frozen=True, slots=True)
class JobAccountRequests(AccountRequests):
    """Queues what was asked for with the work of a command, sealed: address, names and hash."""

    work: Enqueues
    seal: Seal

    def ask(self, account: AccountRequest) -> None:
        """See `AccountRequests.ask`."""
        text = msgspec.json.encode(account).decode()
        self.work.enqueue(OPEN_ACCOUNT, sealed(self.seal, text, _ABOUT), to=account.email)


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """Does the job. Done twice, there is one account and one mail."""

    send: Dispatcher
    seal: Seal

    @property
    def job(self) -> Job[SealedAddress]:
        """The job that `JobAccountRequests` queues."""
        return Job(OPEN_ACCOUNT, SealedAddress, self.run)

    async def run(self, payload: SealedAddress, _job: UUID) -> None:
        """Create the account, or tell the owner of the address."""
        asked = msgspec.json.decode(opened(self.seal, payload, _ABOUT), type=AccountRequest)
        await self.send(OpenAccount(**asdict(asked)), CALL)


class _Opening(Provider):
    scope = Scope.REQUEST

    users = provide(WithParents[SqlUsers])
    hashes = provide(WithParents[SqlPasswordHashes])
    links = provide(WithParents[SqlLinks])
    mails = provide(LinkMails)
    accounts = provide(Accounts)
    open_account = provide(OpenAccountInteractor)

    def __init__(self, sealed: Sealed, tokens: LinkTokens, policy: LinkPolicy) -> None:
        super().__init__()
        self._sealed, self._tokens, self._policy = sealed, tokens, policy

    @provide
    def mailer(self, work: SqlWork) -> Mailer:
        """Queue mails with the transaction."""
        return JobMailer(work, self._sealed)

    @provide(scope=Scope.APP)
    def tokens(self) -> LinkTokens:
        """Make tokens as the service does."""
        return self._tokens

    @provide(scope=Scope.APP)
    def policy(self) -> LinkPolicy:
        """Mail links as configured."""
        return self._policy


def opening(database: Database, keys: Keys, policy: LinkPolicy) -> AccountOpening:
    """Return what does the job, as the worker, with an event, an audit entry and a mail."""
    sealed, work = seal_of(keys.secrets), OperatorWork(database, keys)
    parts = _Opening(sealed, RandomLinkTokens.of(keys.secrets), policy)
    return AccountOpening(trusting(make_async_container(parts, work), "worker"), sealed)
