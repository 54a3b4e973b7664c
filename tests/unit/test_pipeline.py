"""What the pipeline does with every message."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import ClassVar

import pytest
from dishka import AnyOf, Provider, Scope

from core.persisting import TRIES
from core.pipeline import AuditTrail, Call, UnitOfWork
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.sign_up import SignUp
from domain.identity.errors import EmailInvalid, PasswordTooWeak
from domain.identity.events import UserErased
from domain.identity.queries.list_users import ListUsers
from domain.kernel.access import ANYONE
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import (
    ConcurrentChange,
    DomainError,
    Forbidden,
    IdempotencyMismatch,
    InvalidToken,
    Overloaded,
    TooManyRequests,
    Unauthenticated,
)
from domain.kernel.events import Events
from domain.kernel.ids import UserId, uuid7
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.errors import LoginMissing, RefreshRefused, SignInRefused
from tests.support.app import PASSWORD, App, Clashing
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork


class Spent(DomainError):
    code = "tests.spent"
    keeps_work = True


class Worse(DomainError):
    code = "tests.worse"


@dataclass
class Counted:
    built: int = 0
    refusals: list[DomainError] = field(default_factory=list)


@message
class Spend(Command[int]):
    """Spend something."""

    coins: int


@dataclass(frozen=True, slots=True)
class AfterSpent:
    counted: Counted

    async def __call__(self, refusal: Spent) -> None:
        self.counted.refusals.append(refusal)
        if refusal.detail == "beyond repair":
            raise Worse


@interactor(
    access=ANYONE,
    raises=(Spent, Worse),
    audit="tests.coin.spend",
    quiet=True,
    direct=True,
    aftermath={Spent: AfterSpent},
)
class SpendInteractor:
    counted: Counted

    def __post_init__(self) -> None:
        self.counted.built += 1

    async def __call__(self, request: Spend) -> int:
        if request.coins <= 0:
            raise Spent("beyond repair" if request.coins < 0 else None)
        return request.coins


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def spending(counted: Counted) -> App:
    once, each = Provider(scope=Scope.APP), Provider(scope=Scope.REQUEST)
    once.provide(lambda: counted, provides=Counted)
    once.provide(SpendInteractor)
    each.provide(AfterSpent)
    return App(more=(once, each))


async def test_builds_a_direct_command_once_and_says_how_it_ended(spending: App, counted: Counted) -> None:
    answers = [await spending.answer(Spend(coins=number)) for number in (1, 2)]

    assert [(answer.result, answer.token) for answer in answers] == [(1, None), (2, None)]
    assert (counted.built, counted.refusals, spending.audited) == (1, [], [])
    assert spending.witnessed.ended == [("Spend", "done"), ("Spend", "done")]


@pytest.mark.parametrize("key", [None, "once"])
async def test_does_what_is_to_be_done_about_a_refusal_and_audits_it(
    spending: App, counted: Counted, key: str | None
) -> None:
    with pytest.raises(Spent) as refused:
        await spending.send(Spend(coins=0), key=key)

    assert counted.refusals == [refused.value]
    assert spending.audited == [("tests.coin.spend", "tests.spent")]
    assert spending.witnessed.ended == [("Spend", "tests.spent")]


@pytest.mark.parametrize("key", [None, "once"])
async def test_answers_what_the_aftermath_of_a_refusal_raises(spending: App, key: str | None) -> None:
    with pytest.raises(Worse):
        await spending.send(Spend(coins=-1), key=key)

    assert spending.audited == [("tests.coin.spend", "tests.worse")]
    assert spending.witnessed.ended == [("Spend", "tests.worse")]


def test_a_direct_command_has_no_transaction_to_audit_its_success_in() -> None:
    with pytest.raises(TypeError, match="quiet"):
        interactor(access=ANYONE, audit="tests.coin.lose", direct=True)


async def test_a_direct_command_runs_once_under_its_idempotency_key(app: App) -> None:
    await app.signed_up()
    spent = RefreshSession(refresh_token=(await app.signed_in()).refresh_token)
    first = await app.answer(spent, key="once")
    app.clock.pass_by(timedelta(minutes=1))

    again = await app.answer(spent, key="once")

    assert (again.result, first.replayed, again.replayed) == (first.result, False, True)
    with pytest.raises(RefreshRefused):
        await app.send(spent, key="another")
    assert app.facts[-1].type == "sessions.session.revoked"


async def test_an_answer_that_another_version_kept_in_another_form_is_none_of_this_request(app: App) -> None:
    await app.signed_up()
    spent = RefreshSession(refresh_token=(await app.signed_in()).refresh_token)
    await app.send(spent, key="once")
    ((place, kept),) = app.memory.answers.items()
    for answer in (b"null", b'{"access_token":1}'):
        app.memory.answers[place] = replace(kept, answer=answer)

        with pytest.raises(IdempotencyMismatch):
            await app.send(spent, key="once")

    assert await app.send(spent, key="another")


class Crossed(Enum):
    """Where others cross the way of a command."""

    INTERACTOR = "in the interactor"
    COMMIT = "in the commit"


@dataclass
class Crossing:
    """Undoes commands, as a store does because of others."""

    where: Crossed
    times: int
    runs: int = 0

    def met(self, where: Crossed) -> None:
        if where is self.where and self.times:
            self.times -= 1
            raise Clashing


@message
class Cross(Command[str]):
    """Make somebody's way cross that of others."""

    user_id: UserId


@interactor(access=ANYONE, raises=(ConcurrentChange,), emits=(UserErased,), audit="tests.way.cross")
class CrossInteractor:
    crossing: Crossing
    events: Events
    clock: Clock

    async def __call__(self, request: Cross) -> str:
        self.crossing.runs += 1
        somebody = Somebody(request.user_id)
        self.events.emit(UserErased(user_id=somebody.id, occurred_at=self.clock.now()), of=somebody)
        self.crossing.met(Crossed.INTERACTOR)
        return "across"


@message
class Hop(Command[None]):
    """Do the same in one statement."""


@interactor(access=ANYONE, raises=(ConcurrentChange,), audit="tests.way.hop", direct=True, quiet=True)
class HopInteractor:
    crossing: Crossing

    async def __call__(self, _: Hop) -> None:
        self.crossing.runs += 1
        self.crossing.met(Crossed.INTERACTOR)


@dataclass
class Somebody:
    aggregate: ClassVar[str] = "user"
    id: UserId
    version: int = 0


def crossed(crossing: Crossing) -> App:
    """Return an application whose store undoes what it is told to."""

    class CrossedWork(MemoryWork):
        async def commit(self) -> ConsistencyToken | None:
            crossing.met(Crossed.COMMIT)
            return await super().commit()

    def work(memory: Memory, clock: Clock, call: Call) -> MemoryWork:
        return CrossedWork(memory, clock, trace=call.trace)

    once, each = Provider(scope=Scope.APP), Provider(scope=Scope.REQUEST)
    once.provide(lambda: crossing, provides=Crossing)
    once.provide(HopInteractor)
    each.provide(CrossInteractor)
    each.provide(work, provides=AnyOf[MemoryWork, UnitOfWork, Events, AuditTrail])
    return App(more=(once, each))


@pytest.mark.parametrize("where", Crossed)
@pytest.mark.parametrize("key", [None, "once"])
async def test_runs_again_what_a_store_undid_because_of_others(where: Crossed, key: str | None) -> None:
    crossing = Crossing(where, times=TRIES - 1)
    app = crossed(crossing)

    answer = await app.answer(Cross(user_id=UserId(uuid7())), key=key)

    assert (answer.result, answer.replayed, crossing.runs) == ("across", False, TRIES)
    assert [fact.type for fact in app.facts] == [UserErased.type], "what was undone is announced to nobody"
    assert app.audited == [("tests.way.cross", "done")]
    assert app.witnessed.ended == [("Cross", "done")]


@pytest.mark.parametrize("key", [None, "once"])
async def test_gives_up_what_is_undone_each_time_and_says_so_once(key: str | None) -> None:
    crossing = Crossing(Crossed.INTERACTOR, times=TRIES)
    app = crossed(crossing)

    with pytest.raises(ConcurrentChange) as refused:
        await app.send(Cross(user_id=UserId(uuid7())), key=key)

    assert isinstance(refused.value.__cause__, Clashing)
    assert (crossing.runs, app.facts) == (TRIES, [])
    assert app.audited == [("tests.way.cross", ConcurrentChange.code)]
    assert app.witnessed.ended == [("Cross", ConcurrentChange.code)]


async def test_runs_a_direct_command_again_and_gives_it_up_in_the_end() -> None:
    crossing = Crossing(Crossed.INTERACTOR, times=2 * TRIES - 1)
    app = crossed(crossing)

    with pytest.raises(ConcurrentChange):
        await app.send(Hop())
    await app.send(Hop())

    assert crossing.runs == 2 * TRIES
    assert app.audited == [("tests.way.hop", ConcurrentChange.code)]


async def test_remembers_who_was_refused_what(app: App) -> None:
    ada = await app.signed_up()
    tokens = await app.signed_in()
    stranger = UserId(uuid7())

    with pytest.raises(Forbidden):
        await app.send(DeactivateUser(user_id=stranger, expected_version=None), as_=tokens)

    entry = app.memory.audited[-1]
    assert (entry.action, entry.outcome) == ("identity.user.deactivate", "access.forbidden")
    assert (entry.actor, entry.target) == (f"user:{ada.id}", f"user:{stranger}")


async def test_keeps_nothing_about_callers_who_are_nobody(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    await app.send(SignOut(), as_=tokens)
    before = len(app.memory.audited)

    with pytest.raises(Unauthenticated):
        await app.send(SignOut())
    with pytest.raises(InvalidToken):
        await app.send(SignOut(), as_=tokens)

    assert len(app.memory.audited) == before


async def test_refuses_a_query_that_needs_a_permission(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()

    with pytest.raises(Forbidden):
        await app.send(ListUsers(), as_=tokens)


async def test_tells_how_every_recorded_use_case_ended(app: App) -> None:
    app.passwords.busy = True
    with pytest.raises(Overloaded):
        await app.send(SignUp(email="ada@example.com", password=PASSWORD))
    app.passwords.busy = False
    await app.signed_up()

    assert app.witnessed.ended == [("SignUp", "service.overloaded"), ("SignUp", "done")]


async def test_a_command_that_wrote_something_returns_a_token_and_a_query_none(app: App) -> None:
    made = await app.answer(SignUp(email="ada@example.com", password=PASSWORD))
    administrator = await app.administrator()
    asked = await app.answer(ListUsers(), as_=administrator)

    assert made.token is not None
    assert asked.token is None


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (SignIn(password=PASSWORD), LoginMissing),
        (SignUp(email="nowhere", password=PASSWORD), EmailInvalid),
        (SignUp(email="ada@example.com", password="short"), PasswordTooWeak),
    ],
)
async def test_i12_lets_nobody_fill_the_trail_at_no_cost(
    app: App, message: Command[object], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        await app.send(message)

    assert app.audited == []


async def test_i12_lets_nobody_fill_the_trail_beyond_the_limit() -> None:
    app = App(sign_in=SignInPolicy(per_minute=1))
    message = SignIn(email="ada@example.com", password=PASSWORD)
    with pytest.raises(SignInRefused):
        await app.send(message)
    with pytest.raises(TooManyRequests):
        await app.send(message)

    assert app.audited == [("sessions.session.start", "sessions.sign_in_refused")]
