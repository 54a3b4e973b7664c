"""What those who run the service do about signing keys: the command line, workers, and whoever starts first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from dishka import AnyOf, AsyncContainer, Provider, Scope, WithParents, make_async_container, provide

from core.clock import SystemClock
from core.key_forge import SealingForge
from core.keys import Keys
from core.pipeline import AuditTrail, Authenticator, Call, Dispatcher, Gate, UnitOfWork
from core.postgres.database import Database
from core.postgres.flush import Pending
from core.postgres.loss import clash, outage
from core.postgres.signing_keys import SqlKeyLists, SqlSigningKeys
from core.postgres.work import SqlWork
from core.recency import Recency
from core.ring import FileKeyLists
from domain.kernel.access import Access, Actor
from domain.kernel.events import Events
from domain.kernel.ids import SessionId, UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Message, UseCase
from domain.keys.commands.remove_key import RemoveKeyInteractor
from domain.keys.commands.rotate_keys import RotateKeysInteractor
from domain.keys.commands.tend_keys import TendKeysInteractor
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyLists
from domain.keys.queries.list_keys import ListKeysInteractor
from domain.keys.rotating import Rotating

CALL: Final = Call(credential=b"")
"""What an operator sends along: having the master secret and the database, they have nothing to prove."""
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Operator(Actor):
    """Whoever runs the service, as the audit trail names them."""

    name: str = field(kw_only=True)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class _Trusting(Authenticator, Gate):
    """Takes every caller for this operator, who may do everything."""

    operator: Operator

    async def identify(self, credential: bytes) -> Actor:  # noqa: ARG002 - see `CALL`
        return self.operator

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        pass


class KeyParts(Provider):
    """The ports of signing keys."""

    scope = Scope.REQUEST

    signing_keys = provide(WithParents[SqlSigningKeys])

    def __init__(self, keys: Keys, forge: SealingForge) -> None:
        super().__init__()
        self._keys, self._forge = keys, forge

    @provide(scope=Scope.APP)
    def policy(self) -> KeyPolicy:
        """Rotate as configured."""
        return self._keys.policy

    @provide(scope=Scope.APP)
    def lists(self, database: Database) -> KeyLists:
        """Show the keys in force, wherever they come from."""
        return FileKeyLists(self._keys.ring) if self._keys.ring else SqlKeyLists(database, self._keys.policy)

    @provide(provides=WithParents[SealingForge], scope=Scope.APP)
    def forge(self) -> SealingForge:
        """Seal as configured."""
        return self._forge


class _KeyWork(Provider):
    """What use cases about signing keys need beside their ports, and nothing else: the command line starts fast."""

    scope = Scope.REQUEST

    rotate = provide(RotateKeysInteractor)
    remove = provide(RemoveKeyInteractor)
    tend = provide(TendKeysInteractor)
    rotating = provide(Rotating)
    show = provide(ListKeysInteractor, scope=Scope.APP)


class OperatorWork(Provider):
    """The transaction of one message that nobody sends from outside."""

    scope = Scope.REQUEST

    clock = provide(SystemClock, provides=Clock, scope=Scope.APP)

    def __init__(self, database: Database, keys: Keys) -> None:
        super().__init__()
        self._database, self._audit_key, self._people = database, keys.secrets.derive("audit"), keys.people

    @provide(scope=Scope.APP)
    def database(self) -> Database:
        """Borrow the connections of whoever operates."""
        return self._database

    @provide(provides=AnyOf[SqlWork, UnitOfWork, Events, AuditTrail])
    async def work(self, clock: Clock) -> AsyncIterator[SqlWork]:
        """Give the message its unit of work, and make sure that it leaves nothing open."""
        work = SqlWork(self._database, clock, self._audit_key, committed=_nobody_waits, people=self._people)
        try:
            yield work
        finally:
            await work.rollback()


def operated(name: str) -> Operator:
    """Return the actor as whom somebody operates the service."""
    return Operator(UserId(_NOBODY), SessionId(_NOBODY), None, 0, name=name)


def operator(database: Database, keys: Keys, forge: SealingForge, name: str) -> Dispatcher:
    """Return the pipeline for messages about signing keys, sent by `name` (`operator`, `worker`, `service`).

    Nothing is pushed after the commit: everybody who has to hear of it asks the database twice a second.
    """
    work = OperatorWork(database, keys)
    return trusting(make_async_container(KeyParts(keys, forge), _KeyWork(), work), name)


def trusting(container: AsyncContainer, name: str) -> Dispatcher:
    """Return the pipeline for messages that `name` sends, with what their interactors need from `container`."""
    takes_all = _Trusting(operated(name))
    return Dispatcher(
        container=container,
        authenticator=takes_all,
        gate=takes_all,
        witness=_nobody_counts,
        outage=outage,
        clash=clash,
        recency=Recency(0),
    )


def _nobody_waits(_: Pending) -> None:
    pass


def _nobody_counts(case: UseCase, outcome: str) -> None:
    pass
