"""What the suites of the transaction need of an adapter, and the aggregate they change."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from core.idempotency import Idempotency
from core.pipeline import AuditTrail, UnitOfWork
from core.postgres.flush import Pending
from domain.kernel.access import ANYONE, Actor, Origin
from domain.kernel.errors import Conflict, DomainError
from domain.kernel.events import Event, Events, event
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from domain.kernel.ports import Clock
from domain.kernel.revocation import Marker
from domain.kernel.usecases import Command, UseCase, message, secret

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORGANIZATION = OrganizationId(uuid7())
ORIGIN = Origin("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


class StoppedClock(Clock):
    def now(self) -> datetime:
        return NOW


@dataclass(eq=False)
class Thing:
    """An aggregate."""

    aggregate: ClassVar[str] = "thing"
    id: UUID
    name: str
    version: int = 0


@event
class ThingNamed(Event):
    type = "tests.thing.named"
    schema_version = 2
    thing_id: UUID
    organization_id: OrganizationId
    name: str
    at: datetime
    tags: list[str]


@event
class ThingTaken(Event):
    type = "tests.thing.taken"
    thing_id: UUID
    user_id: UUID


@event
class ThingForgotten(Event):
    type = "tests.thing.forgotten"
    thing_id: UUID


@message
class NameThing(Command[None]):
    """Name a thing."""

    token_id: UUID = secret()
    thing_id: UUID
    organization_id: OrganizationId | None = None
    name: str = ""


class NameTaken(Conflict):
    code = "tests.name_taken"


class Refused(DomainError):
    code = "tests.refused"
    keeps_work = True


def use_case(audit: str | None = "tests.thing.name") -> UseCase:
    return UseCase(NameThing, object, type(None), ANYONE, (), (), audit, quiet=False, takes=())


def somebody(organization_id: OrganizationId | None = None) -> Actor:
    return Actor(UserId(uuid7()), SessionId(uuid7()), organization_id, 1)


def named(thing: Thing) -> ThingNamed:
    return ThingNamed(thing_id=thing.id, organization_id=ORGANIZATION, name=thing.name, at=NOW, tags=["a"])


class Work(UnitOfWork, Events, AuditTrail, Protocol):
    """What the adapters of the transaction are to a command."""

    async def begin(self) -> Any: ...

    def enqueue(self, name: str, payload: dict[str, Any], run_at: datetime | None = None) -> None: ...


class Things(Protocol):
    """Repository of things."""

    async def add(self, thing: Thing) -> None:
        """Add `thing`, or raise `NameTaken`."""

    async def get(self, thing_id: UUID) -> Thing | None: ...


@dataclass
class Heard:
    """What the work told the outside after its commits."""

    commits: list[Pending] = field(default_factory=list)

    def committed(self, pending: Pending) -> None:
        self.commits.append(pending)

    @property
    def markers(self) -> list[Marker]:
        return [marker for pending in self.commits for marker in pending.markers.values()]


class Ground(Protocol):
    """An adapter under test. The rows it returns are what was committed."""

    heard: Heard

    def work(self) -> Work: ...

    def things(self, work: Work) -> Things: ...

    def keys(self, work: Work) -> Idempotency: ...

    def connected(self, work: Work) -> bool:
        """Whether `work` holds a connection, or whatever stands for it."""

    async def facts(self) -> list[dict[str, Any]]:
        """`aggregate_type`, `aggregate_id`, `aggregate_version`, `type`, `schema_version`, `data` and `revokes` (JSON),
        `organization_id`, `trace`, in the order written.
        """

    async def entries(self) -> list[dict[str, Any]]:
        """`action`, `outcome`, `actor`, `target`, `organization_id`, `occurred_at`, `person_id`, `place` (a dictionary,
        opened), `trace`, in the order written.
        """

    async def jobs(self) -> list[dict[str, Any]]:
        """`name`, `payload` (JSON)."""

    async def markers(self) -> dict[tuple[str, str], Marker]: ...
