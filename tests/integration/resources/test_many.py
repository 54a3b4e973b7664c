"""Ten thousand resources in one command, on Postgres."""

import resource as limits
import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import SystemClock
from core.postgres.resources import SqlBelonging, SqlResources
from core.postgres.work import SqlWork
from domain.access.facade import Authority, Place
from domain.kernel.access import Actor
from domain.kernel.ids import RoleId
from domain.resources.models import ResourceKey
from domain.resources.reach import Reach
from domain.resources.registering import Registration
from domain.resources.seeing import Seeing
from domain.resources.settling import Settling
from domain.resources.wanting import Outcome, Wanted
from tests.contracts.resources import NOBODY, NoWalls
from tests.integration.resources.ground import SqlGround

MANY = 10_000


@dataclass(frozen=True)
class Everything(Authority):
    """Whoever asks holds everything."""

    async def must_hold_role(self, actor: Actor, place: Place, role_id: RoleId) -> None:
        pass

    async def holds(self, actor: Actor, place: Place, permission: str) -> bool:
        return True


def registration(work: SqlWork) -> Registration:
    """Return the service as it is in a command."""
    resources, reach = SqlResources(work), Reach(Everything())
    settling = Settling(resources, Seeing(NoWalls(), reach))
    return Registration(resources, SqlBelonging(work), reach, settling, work, SystemClock())


async def register(ground: SqlGround, wanted: Sequence[Wanted]) -> Outcome:
    work = ground.work()
    try:
        outcome = await registration(work).register(NOBODY, ground.organization_id, wanted)
        await work.commit()
    finally:
        await work.rollback()
    return outcome


def tree(fan: int = 10, **attributes: object) -> list[Wanted]:
    """Return resources that lie in each other, ten in each, those below first."""
    keys = [ResourceKey("doc", f"resource-{number:05}") for number in range(MANY)]
    above = [keys[(number - 1) // fan] if number else None for number in range(MANY)]
    wanted = [
        Wanted(key, None, parent, {"name": key.external_id, "size": number} | attributes)
        for number, (key, parent) in enumerate(zip(keys, above, strict=True))
    ]
    return wanted[::-1]


async def test_many_are_registered_in_a_few_seconds(ground: SqlGround) -> None:
    for name, wanted in {"new": tree(), "the same": tree(), "changed": tree(colour="red"), "moved": tree(9)}.items():
        before, started = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss, time.monotonic()
        outcome = await register(ground, wanted)
        taken, after = time.monotonic() - started, limits.getrusage(limits.RUSAGE_SELF).ru_maxrss
        assert len(outcome.resources) == MANY
        assert taken < 30, name
        assert after - before < 128 * 1024, name
