"""Run a message the way every message is run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from dishka import AsyncContainer
from msgspec import Struct

from core.idempotency import Claim, Claimed, Idempotency, answer_bytes, answer_from, fingerprint, named
from core.pace import NO_LIMIT, Pace
from core.persisting import Clashes, end, persist
from core.recency import Recency
from domain.kernel.access import Access, Actor, Origin, Standing
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import DomainError, IdempotencyInFlight, Unauthenticated, Unavailable
from domain.kernel.usecases import Message, UseCase, use_case

R = TypeVar("R")
Run = Callable[..., Awaitable[Any]]


class Call(Struct, frozen=True):
    """What comes with a message: who says they send it, from where, and what they ask of the answer."""

    credential: bytes | None = None
    origin: Origin = Origin()
    idempotency_key: str | None = None
    at_least: ConsistencyToken | None = None
    trace: str | None = None
    """W3C traceparent, carried into the events of the command."""


class Answer(Struct, Generic[R], frozen=True):
    """What came of a message."""

    result: R
    token: ConsistencyToken | None = None
    """What a later read sends back to be at least as fresh as this command."""
    replayed: bool = False
    """The command ran before, under the same `Idempotency-Key`; this is what it answered then."""


class Authenticator(Protocol):
    """Name the actor whose credential this is, or raise `Unauthenticated`."""

    async def identify(self, credential: bytes) -> Actor: ...


class Gate(Protocol):
    """Decide whether `actor` passes `access` for `message`, or raise `Forbidden`.

    Raise `OrganizationNotFound` if it is about an organization that the actor has nothing to do with.
    """

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None: ...


class UnitOfWork(Protocol):
    """Commit or discard everything a command did, its events and audit entries included."""

    async def commit(self) -> ConsistencyToken | None:
        """Commit; return the token of the transaction, or None when nothing was written.

        Raise `Claimed` when a twin with the same `Idempotency-Key` committed first.
        """

    async def rollback(self) -> None:
        """Discard everything, the audit entries excepted that are recorded afterwards."""


class AuditTrail(Protocol):
    """Remember who ran what, and how it ended, in the transaction of the command."""

    def record(self, case: UseCase, message: Message[Any], actor: Actor | None, outcome: str) -> None: ...


class Witness(Protocol):
    """Told how each recorded use case ended: metrics, spans."""

    def __call__(self, case: UseCase, outcome: str) -> None: ...


class Outages(Protocol):
    """Tell a store that cannot be reached from a defect of ours."""

    def __call__(self, error: Exception) -> bool: ...


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Authenticate, authorize, run, audit and commit: the one way into the domain.

    What changes state or is audited runs in a scope of its own, with a unit of work. Any other query runs on an
    interactor that is built once: it reads through readers, which borrow a connection only while they need it. So does
    a direct command, unless it has an `Idempotency-Key`, and a scope is opened only for what it refuses.

    A command that clashes with others in the store, like one of two that wait for each other in a circle, is run again.
    """

    container: AsyncContainer
    authenticator: Authenticator
    gate: Gate
    witness: Witness
    outage: Outages
    clash: Clashes
    recency: Recency
    pace: Pace = NO_LIMIT
    _built: dict[type[Any], Run] = field(default_factory=dict, init=False)

    async def __call__(self, message: Message[R], call: Call) -> Answer[R]:
        """Run `message`; raise whatever refusal it meets, `Unavailable` when a store cannot be reached.

        A command that clashes each time is refused with `ConcurrentChange`.
        """
        case = use_case(type(message))
        try:
            if case.direct and call.idempotency_key is None:
                return await persist(partial(self._direct, case, message, call))
            if case.writes or case.audit:
                return await persist(partial(self._record, case, message, call))
            actor = await self.admit(case, message, call)
            built = self._built.get(case.interactor) or await self._build(case)
            return Answer(await self._run(built, case, message, actor, call))
        except DomainError:
            raise
        except Exception as error:
            if self.outage(error):
                raise Unavailable from error
            raise

    async def admit(self, case: UseCase, message: Message[Any], call: Call) -> Actor | None:
        """Return who asks, or raise what refuses them; None if nobody needs to be anyone."""
        actor = await self._identify(case, call)
        await self._admit(case, message, actor)
        return actor

    async def _identify(self, case: UseCase, call: Call) -> Actor | None:
        if not case.access.signed_in:
            return None
        if call.credential is None:
            raise Unauthenticated
        actor = await self.authenticator.identify(call.credential)
        await self.pace.keep(case, actor)
        return actor

    async def _admit(self, case: UseCase, message: Message[Any], actor: Actor | None) -> None:
        if actor and (case.access.permission or case.access.within):
            await self.gate.check(case.access, actor, message)
        if actor and case.access.recent:
            self.recency.check(actor)

    async def _build(self, case: UseCase) -> Run:
        built: Run = await self.container.get(case.interactor)
        return self._built.setdefault(case.interactor, built)

    async def _direct(self, case: UseCase, message: Message[R], call: Call, *, again: bool) -> Answer[R]:
        actor: Actor | None = None
        try:
            actor = await self._identify(case, call)
            await self._admit(case, message, actor)
            built = self._built.get(case.interactor) or await self._build(case)
            result = await self._run(built, case, message, actor, call)
        except Exception as error:
            met = end(error, self.clash, again=again)
            async with self.container(context={Call: call}) as scope:
                await self._refused(case, message, actor, met, scope)
            if met is error:
                raise
            raise met from error
        self.witness(case, "done")
        return Answer(result)

    async def _record(self, case: UseCase, message: Message[R], call: Call, *, again: bool) -> Answer[R]:
        async with self.container(context={Call: call}) as scope:
            work, audit = await scope.get(UnitOfWork), await scope.get(AuditTrail)
            actor: Actor | None = None
            try:
                # Named first, so that the trail says who was refused.
                actor = await self._identify(case, call)
                await self._admit(case, message, actor)
                if not (call.idempotency_key and case.writes):
                    result = await self._run(await scope.get(case.interactor), case, message, actor, call)
                    return await self._done(case, message, actor, result, work, audit)
                keys = await scope.get(Idempotency)
                claim = Claim.of(actor, call.idempotency_key, fingerprint(keys.secret, message), named(message))
                return await self._once(case, message, actor, call, claim, keys, scope)
            except Exception as error:
                met = end(error, self.clash, again=again)
                await self._refused(case, message, actor, met, scope)
                if met is error:
                    raise
                raise met from error

    async def _once(
        self,
        case: UseCase,
        message: Message[R],
        actor: Actor | None,
        call: Call,
        claim: Claim,
        keys: Idempotency,
        scope: AsyncContainer,
    ) -> Answer[R]:
        """Run the command unless it ran before under its `Idempotency-Key`; then repeat what it answered."""
        kept = await keys.find(claim)
        if kept is not None:
            return Answer(answer_from(kept, case), replayed=True)
        work, audit = await scope.get(UnitOfWork), await scope.get(AuditTrail)
        keys.claim(claim)
        try:
            result = await self._run(await scope.get(case.interactor), case, message, actor, call)
            keys.keep(answer_bytes(result))
            return await self._done(case, message, actor, result, work, audit)
        except Claimed:
            await work.rollback()
            kept = await keys.find(claim)
            if kept is None:
                raise IdempotencyInFlight from None
            return Answer(answer_from(kept, case), replayed=True)

    async def _done(
        self, case: UseCase, message: Message[R], actor: Actor | None, result: R, work: UnitOfWork, audit: AuditTrail
    ) -> Answer[R]:
        if case.audit and not case.quiet:
            audit.record(case, message, actor, "done")
        token = await work.commit()
        self.witness(case, "done")
        return Answer(result, token)

    async def _refused(
        self, case: UseCase, message: Message[Any], actor: Actor | None, error: Exception, scope: AsyncContainer
    ) -> None:
        """Do what is to be done about the refusal, and end as `_failed` does; whatever that raises is worse."""
        work, audit = await scope.get(UnitOfWork), await scope.get(AuditTrail)
        if isinstance(error, DomainError) and (aftermath := case.aftermath.get(type(error))):
            try:
                await (await scope.get(aftermath))(error)
            except Exception as worse:
                await self._failed(case, message, actor, worse, work, audit)
                raise
        await self._failed(case, message, actor, error, work, audit)

    async def _failed(
        self,
        case: UseCase,
        message: Message[Any],
        actor: Actor | None,
        error: Exception,
        work: UnitOfWork,
        audit: AuditTrail,
    ) -> None:
        """Discard the work, unless the refusal keeps it, and say in the audit trail how it ended."""
        refusal = error if isinstance(error, DomainError) else None
        outcome = refusal.code if refusal else "failed"
        self.witness(case, outcome)
        if not (refusal and refusal.keeps_work):
            await work.rollback()
        # Whoever has no valid credential is nobody: an entry for each would let anyone fill the trail.
        noise = actor is None and (case.access.signed_in or bool(refusal and not refusal.noted))
        if case.audit and not noise and not self.outage(error):
            audit.record(case, message, actor, outcome)
        await work.commit()

    def _run(
        self, answer: Run, case: UseCase, message: Message[Any], actor: Actor | None, call: Call
    ) -> Awaitable[Any]:
        if not case.takes:
            return answer(message)
        return answer(message, *[self._handed(kind, case, message, actor, call) for kind in case.takes])

    def _handed(self, kind: type[Any], case: UseCase, message: Message[Any], actor: Actor | None, call: Call) -> Any:
        if kind is Actor:
            return actor
        if kind is Origin:
            return call.origin
        return call.at_least if kind is ConsistencyToken else _Standing(self, case, message, call)


@dataclass(frozen=True, slots=True)
class _Standing(Standing):
    """Asks again what was asked before the interactor ran, and raises `Unavailable` as it would then."""

    dispatch: Dispatcher
    case: UseCase
    message: Message[Any]
    call: Call

    async def confirm(self) -> None:
        try:
            await self.dispatch.admit(self.case, self.message, self.call)
        except Exception as error:
            if not isinstance(error, DomainError) and self.dispatch.outage(error):
                raise Unavailable from error
            raise
