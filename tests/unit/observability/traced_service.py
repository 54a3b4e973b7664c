"""A service of one command that reads a row and announces something: what a trace runs through."""

from dataclasses import dataclass, field
from typing import Any

from dishka import Provider, Scope, make_async_container
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.util import greenlet_spawn

from core.pipeline import AuditTrail, Call, Dispatcher, UnitOfWork
from core.recency import Recency
from core.telemetry import current_traceparent
from core.traced import TracedDispatcher, trace_statements
from domain.kernel.access import ANYONE, Access, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Conflict, Unauthenticated
from domain.kernel.usecases import Command, Message, UseCase, interactor, message


class Taken(Conflict):
    """The name is taken."""

    code = "test.taken"


@message
class Announce(Command[None]):
    """Announce something."""

    name: str


@interactor(access=ANYONE, raises=(Taken,))
class Announcing:
    engine: Engine

    async def __call__(self, message: Announce) -> None:
        """Read one row as the async engine does, and refuse what is taken."""
        with self.engine.connect() as connection:
            await greenlet_spawn(connection.execute, text("SELECT :name"), {"name": message.name})
        if message.name == "taken":
            raise Taken


@dataclass(slots=True)
class KeptWork:
    """Keeps the traceparent of each command that commits, as outbox rows do."""

    call: Call
    outbox: list[str | None]

    async def commit(self) -> ConsistencyToken | None:
        self.outbox.append(self.call.trace)
        return None

    async def rollback(self) -> None:
        self.outbox.clear()


class NoAudit:
    def record(self, case: UseCase, message: Message[Any], actor: Actor | None, outcome: str) -> None:
        """Nothing here is audited."""


class Nobody:
    async def identify(self, credential: bytes) -> Actor:
        raise Unauthenticated


class Closed:
    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        raise Unauthenticated


def _engine() -> Engine:
    engine = create_engine("sqlite://")
    trace_statements(engine)
    return engine


@dataclass(slots=True)
class Service:
    """Answers every request by the command; `/fail` fails, `/503` says so."""

    name: str = "mine"
    outbox: list[str | None] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    before: list[str | None] = field(default_factory=list)
    engine: Engine = field(default_factory=_engine)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.before.append(current_traceparent())
        scope["path_template"] = "/announcements/{name:str}"
        if scope["path"] == "/fail":
            raise RuntimeError("password=canary-of-a-secret")
        await self.dispatcher()(Announce(name=self.name), Call())
        await send({"type": "http.response.start", "status": 503 if scope["path"] == "/503" else 204, "headers": []})

    def dispatcher(self) -> TracedDispatcher:
        provider = Provider(scope=Scope.REQUEST)
        provider.from_context(Call)
        provider.provide(lambda: self.engine, provides=Engine, scope=Scope.APP)
        provider.provide(self.work, provides=UnitOfWork)
        provider.provide(NoAudit, provides=AuditTrail)
        provider.provide(Announcing)
        container = make_async_container(provider)
        return TracedDispatcher(
            Dispatcher(container, Nobody(), Closed(), self.witness, lambda _: False, lambda _: False, Recency())
        )

    def work(self, call: Call) -> UnitOfWork:
        return KeptWork(call, self.outbox)

    def witness(self, case: UseCase, outcome: str) -> None:
        self.outcomes.append(outcome)


def request(path: str, *headers: tuple[bytes, bytes], trace_id: str = "ab" * 16) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "https",
        "method": "POST",
        "path": path,
        "query_string": b"code=canary-of-a-secret",
        "headers": [(b"authorization", b"Bearer canary-of-a-secret"), *headers],
        "trace_id": trace_id,
    }
