"""Questions about a world, as use cases take them."""

from dataclasses import dataclass, field
from typing import Self

from benchmarks.access.world import PER_PERSON, World
from core.access.decisions import EngineDecisions
from core.access.engine import NOW, AccessEngine
from core.clock import SystemClock
from core.postgres.access_lists import SqlAccessLists
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from domain.access.asking import Circumstances, Entity, Evaluation
from domain.access.queries.evaluate_access import EvaluateAccess, EvaluateAccessInteractor
from domain.access.queries.evaluate_many import EvaluateMany, EvaluateManyInteractor
from domain.kernel.access import Actor
from domain.kernel.ids import SessionId, UserId, uuid7


@dataclass
class Process:
    """What a process of the service has for decisions."""

    world: World
    engine: AccessEngine
    decisions: EngineDecisions
    one: EvaluateAccessInteractor = field(init=False)
    many: EvaluateManyInteractor = field(init=False)
    where: Circumstances = field(init=False)

    def __post_init__(self) -> None:
        self.one = EvaluateAccessInteractor(self.decisions, SystemClock())
        self.many = EvaluateManyInteractor(self.decisions, SystemClock())
        self.where = Circumstances(self.world.organization)

    @classmethod
    async def started(cls, database: Database, world: World, *, size: int = 50_000, bound: float = 2.0) -> Self:
        """Return one that knows nothing yet."""
        engine = AccessEngine(SqlParts(database), bound, size)
        await engine.refresh(NOW)
        return cls(world, engine, EngineDecisions(engine, SqlAccessLists(database)))

    def actor(self, person: UserId) -> Actor:
        """Return somebody who asks."""
        return Actor(person, SessionId(uuid7()), self.world.organization, 0)

    def question(self, person: UserId, number: int) -> Evaluation:
        """Return whether somebody may read a resource."""
        return Evaluation(Entity("user", str(person)), "read", Entity("document", f"d{number}"), None, self.where)

    async def ask(self, person: UserId, count: int, first: int = 0) -> int:
        """Ask about so many resources at once, for oneself; return how many one may read."""
        evaluations = [self.question(person, first + each) for each in range(count)]
        found = await self.many(EvaluateMany(evaluations=evaluations), self.actor(person))
        return sum(each.decision for each in found.evaluations)

    def single(self, number: int) -> tuple[EvaluateAccess, Actor]:
        """Return the question of whoever was granted something on a resource, about it."""
        person = self.world.people[number // PER_PERSON]
        return EvaluateAccess(evaluation=self.question(person, number)), self.actor(person)
