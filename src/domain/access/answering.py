"""Answer evaluations, from one view of everything that they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access.answers import Decision
from domain.access.asking import Asked, View, holds, may_ask, needed, question
from domain.access.engine.deciding import Outcome, decide
from domain.access.ports import Decisions
from domain.access.telling import Listener, tell
from domain.kernel.access import Permission
from domain.kernel.ids import PLATFORM


@dataclass(frozen=True, slots=True)
class Answering:
    """Knows everything that some evaluations depend on."""

    decisions: Decisions
    view: View
    now: datetime

    @classmethod
    async def of(cls, decisions: Decisions, asked: Sequence[Asked], now: datetime) -> "Answering":
        """Look at what `asked` is about."""
        people, names = needed(asked)
        people |= {(each.asker[0], PLATFORM) for each in asked if each.circumstances.explain}
        return cls(decisions, await decisions.view(people, names), now)

    async def decide(self, asked: Asked) -> Decision:
        """Decide, and explain it if that is asked and the asker may know.

        Raise `Forbidden` or `OrganizationNotFound` if the asker may not ask.
        """
        return await self._answer(asked, Permission.ACCESS_CHECK)

    async def explain(self, asked: Asked) -> Decision:
        """Decide and explain; raise `Forbidden` or `OrganizationNotFound` if the asker may not know why."""
        return await self._answer(asked, Permission.ACCESS_EXPLAIN)

    async def _answer(self, asked: Asked, permission: Permission) -> Decision:
        mine = may_ask(
            self.view.subjects.get(asked.asker),
            asked.organization_id,
            self.now,
            permission=permission,
            about_oneself=asked.is_about_asker,
        )
        subject = self.view.known(asked.kind, asked.user_id, asked.organization_id)
        found = question(asked, self.view, mine, subject, self.now) if subject else None
        allowed = bool(subject and found and decide(subject, found, self.now) is Outcome.ALLOWED)
        explains = asked.is_about_asker or holds(mine, Permission.ACCESS_EXPLAIN, self.now)
        if not (asked.circumstances.explain and explains):
            return Decision(allowed)
        listener = Listener.of(mine, self.view.subjects.get((mine.id, PLATFORM)), self.now)
        return Decision(allowed, await tell(self.decisions, asked, found, subject, listener))
