"""Answer evaluations, from one view of everything that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from domain.access.answers import Decision
from domain.access.asking import Alike, Asked, Inquiry, Person, about, holds, may_ask, question
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Thing, decide, decide_all, sees
from domain.access.ports import Decisions
from domain.access.telling import Listener, tell
from domain.kernel.access import Permission
from domain.kernel.ids import PLATFORM

ALLOWED: Final = Decision(decision=True)
DENIED: Final = Decision(decision=False)


class _Parties(NamedTuple):
    """Who asks, and about whom."""

    mine: Subject
    subject: Subject | None
    explains: bool
    """Whether it is to be explained, and may be."""


@dataclass(slots=True)
class Answering:
    """Knows everything that some evaluations depend on."""

    decisions: Decisions
    subjects: Mapping[Person, Subject]
    things: Sequence[Sequence[Thing | None]]
    """What there is of the names of each of them, in their order."""
    now: datetime
    permission: Permission
    """What it takes to ask about others."""

    @classmethod
    async def of(
        cls,
        decisions: Decisions,
        asked: Sequence[Asked | Alike],
        now: datetime,
        permission: Permission = Permission.ACCESS_CHECK,
    ) -> "Answering":
        """Look at what `asked` is about."""
        people = [person for each in asked for person in each.inquiry.people]
        people += [(each.inquiry.asker[0], PLATFORM) for each in asked if each.inquiry.circumstances.explain]
        view = await decisions.view(people, [name for each in asked for name in each.names])
        found = iter(view.things)
        things = [list(islice(found, len(each.names))) for each in asked]
        return cls(decisions, view.subjects, things, now, permission)

    async def decide(self, asked: Asked, number: int = 0) -> Decision:
        """Decide what was asked as that number, and explain it if that is asked and the asker may know.

        Raise `Forbidden` or `OrganizationNotFound` if the asker may not ask.
        """
        mine, subject, explains = self._meet(asked.inquiry)
        found = question(asked, self.things[number], mine, subject, self.now) if subject else None
        allowed = bool(subject and found and decide(subject, found, self.now) is Outcome.ALLOWED)
        if not explains:
            return ALLOWED if allowed else DENIED
        listener = Listener.of(mine, self.subjects.get((mine.id, PLATFORM)), self.now)
        return Decision(allowed, await tell(self.decisions, asked, found, subject, listener))

    def decide_alike(self, asked: Alike, number: int) -> list[Decision]:
        """Decide about many resources at once; raise the same."""
        (mine, subject, _), now = self._meet(asked.inquiry), self.now
        permission, attributes = asked.inquiry.permission, asked.inquiry.circumstances.attributes
        if subject is None or permission is None:
            return [DENIED] * len(asked.names)
        things = self.things[number]
        if subject is not mine:
            things = [thing if thing and sees(mine, thing, now) else None for thing in things]
        outcomes = iter(decide_all(subject, permission, filter(None, things), attributes, now))
        return [ALLOWED if thing and next(outcomes) is Outcome.ALLOWED else DENIED for thing in things]

    def _meet(self, inquiry: Inquiry) -> _Parties:
        place = inquiry.asker[1]
        mine = may_ask(
            self.subjects.get(inquiry.asker),
            place,
            self.now,
            permission=self.permission,
            about_oneself=inquiry.is_about_asker,
        )
        explains = inquiry.circumstances.explain and (
            inquiry.is_about_asker or holds(mine, Permission.ACCESS_EXPLAIN, self.now)
        )
        subject = mine if inquiry.is_about_asker else about(inquiry, self.subjects, mine, self.now)
        return _Parties(mine, subject, explains)
