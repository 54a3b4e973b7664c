"""Answer evaluations, from one view of everything that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Final, NamedTuple

from domain.access.answers import Decision
from domain.access.asking import Asked, Inquiry, Person, about, holds, may_ask, question
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Thing, decide
from domain.access.engine.parts import Name
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
    """Knows everything that some evaluations depend on. They are told by their numbers."""

    decisions: Decisions
    asked: Sequence[Asked]
    subjects: Mapping[Person, Subject]
    things: Sequence[Sequence[Thing | None]]
    """What there is of the names of each of them."""
    now: datetime
    permission: Permission
    """What it takes to ask about others."""
    _known: dict[int, _Parties] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        decisions: Decisions,
        asked: Sequence[Asked],
        now: datetime,
        permission: Permission = Permission.ACCESS_CHECK,
    ) -> "Answering":
        """Look at what `asked` is about."""
        inquiries = {id(each.inquiry): each.inquiry for each in asked}.values()
        people = [person for each in inquiries for person in each.people]
        people += [(each.asker[0], PLATFORM) for each in inquiries if each.circumstances.explain]
        names = [each.names for each in asked]
        view = await decisions.view(people, list(chain.from_iterable(names)))
        return cls(decisions, asked, view.subjects, _of_each(names, view.things), now, permission)

    async def decide(self, number: int) -> Decision:
        """Decide, and explain it if that is asked and the asker may know.

        Raise `Forbidden` or `OrganizationNotFound` if the asker may not ask.
        """
        return self.plain(number) or await self.explained(number)

    def plain(self, number: int) -> Decision | None:
        """Do the same at once, but return None for what is to be explained: call `explained` then."""
        asked, now = self.asked[number], self.now
        mine, subject, explains = self._known.get(id(asked.inquiry)) or self._meet(asked.inquiry)
        if explains:
            return None
        found = question(asked, self.things[number], mine, subject, now) if subject else None
        return ALLOWED if found and subject and decide(subject, found, now) is Outcome.ALLOWED else DENIED

    async def explained(self, number: int) -> Decision:
        """Decide, and explain it."""
        asked = self.asked[number]
        mine, subject, _ = self._known.get(id(asked.inquiry)) or self._meet(asked.inquiry)
        found = question(asked, self.things[number], mine, subject, self.now) if subject else None
        allowed = bool(subject and found and decide(subject, found, self.now) is Outcome.ALLOWED)
        listener = Listener.of(mine, self.subjects.get((mine.id, PLATFORM)), self.now)
        return Decision(allowed, await tell(self.decisions, asked, found, subject, listener))

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
        found = self._known[id(inquiry)] = _Parties(mine, subject, explains)
        return found


def _of_each(names: Sequence[Sequence[Name]], things: Sequence[Thing | None]) -> Sequence[Sequence[Thing | None]]:
    """Return, for each of some lists of names, what there is of them."""
    if set(map(len, names)) == {1}:
        return list(zip(things, strict=True))
    found = iter(things)
    return [tuple(islice(found, len(each))) for each in names]
