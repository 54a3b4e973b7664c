"""Who may run a use case: the same grants, asked of the same engine as everybody's questions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.access.engine import NOW, AccessEngine
from core.pipeline import Gate
from domain.access.engine.deciding import Outcome, Question, decide
from domain.kernel.access import Access, Actor
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM
from domain.kernel.usecases import Message


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineGate(Gate):
    """Ask the engine, as of now: what was withdrawn is gone with the next request."""

    engine: AccessEngine
    now: Callable[[], datetime] = _now

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        """See `Gate.check`."""
        organization_id = PLATFORM if access.within is None else getattr(message, access.within)
        await self.engine.refresh(NOW)
        subject, _ = await self.engine.known(actor.user_id, organization_id)
        if subject and subject.belongs and access.permission is None:
            return
        if subject and access.permission:
            if decide(subject, Question(access.permission), self.now()) is Outcome.ALLOWED:
                return
            if subject.belongs:
                raise Forbidden
        raise OrganizationNotFound if access.within else Forbidden
