"""Who may run a use case: the same grants, asked of the same engine as everybody's questions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.access.engine import NOW, AccessEngine
from core.pipeline import Gate
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide
from domain.kernel.access import Access, Actor, Permission
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM
from domain.kernel.usecases import Message
from domain.resources.errors import ResourceNotFound


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineGate(Gate):
    """Ask the engine, as of now: what was withdrawn is gone with the next request."""

    engine: AccessEngine
    now: Callable[[], datetime] = _now

    async def check(self, access: Access, actor: Actor, message: Message[Any]) -> None:
        """See `Gate.check`."""
        named = getattr(message, access.within) if access.within else None
        organization_id = named or PLATFORM
        about = [] if access.on is None else [getattr(message, access.on)]
        await self.engine.refresh(NOW)
        subject, things = await self.engine.known(actor.user_id, organization_id, about)
        if subject and self._passes(access.permission, subject, things.values() if about else [None]):
            return
        if subject is None or not subject.belongs:
            raise OrganizationNotFound if named else Forbidden
        if about and not self._passes(Permission.RESOURCES_READ, subject, things.values()):
            raise ResourceNotFound
        raise Forbidden

    def _passes(self, permission: Permission | None, subject: Subject, things: Iterable[Thing | None]) -> bool:
        """Return whether the subject may do it with any of `things`, which are one at most."""
        if permission is None:
            return subject.belongs
        questions = (Question(permission, thing) for thing in things)
        return any(decide(subject, each, self.now()) is Outcome.ALLOWED for each in questions)
