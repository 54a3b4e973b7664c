"""Search for people who may do something."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.access.answers import Found
from domain.access.asking import USER, Asked, Asking, Entity, Evaluation, View, may_ask, question
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, decide, may_bypass
from domain.access.paging import Page, Part, part_of
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ids import GroupId, UserId
from domain.kernel.ports import Clock, Cursors
from domain.kernel.usecases import Query, interactor, message

STRETCH: Final = 500
"""People who are looked at together."""
MOST: Final = 5000
"""People who are looked at for one page: it may have fewer results than it could."""


@message
class SearchSubjects(Query[Found]):
    """Return the people who may do something with a resource; takes `access:check`.

    Exactly those of whom `EvaluateAccess` says so, in the order of their ids, but nobody whom the asker may not see.
    """

    wanted: Evaluation
    """The subject's id means nothing."""
    page: Page = Page()
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(CursorInvalid, Forbidden, OrganizationNotFound))
class SearchSubjectsInteractor:
    decisions: Decisions
    clock: Clock
    cursors: Cursors

    async def __call__(self, request: SearchSubjects, actor: Actor) -> Found:
        wanted = replace(request.wanted, subject=Entity(request.wanted.subject.type))
        asked, now = Asking(actor).take_apart(wanted), self.clock.now()
        await self.decisions.refresh(request.at_least)
        view = await self.decisions.view({asked.asker}, asked.names)
        mine = may_ask(
            view.subjects.get(asked.asker),
            asked.organization_id,
            now,
            permission=Permission.ACCESS_CHECK,
            about_oneself=False,
        )
        part = part_of(self.cursors, "SearchSubjects", wanted, asked.organization_id, actor, request.page)
        if wanted.subject.type != USER:
            return Found([])
        return await self._page(_Search(asked, mine, now), part)

    async def _page(self, search: "_Search", part: Part) -> Found:
        place, found = part.after, list[str]()
        for _ in range(MOST // STRETCH):
            people = await self.decisions.candidates(
                search.asked.organization_id, search.groups, UserId(UUID(place)) if place else None, STRETCH
            )
            view = await self.decisions.view(
                {search.asked.asker} | {(each, search.asked.organization_id) for each in people}, search.asked.names
            )
            for each in search.allowed(view, people):
                if len(found) == part.limit:
                    return _found(found, part.next(self.cursors, found[-1] if found else part.after))
                found.append(str(each))
            if len(people) < STRETCH:
                return _found(found)
            place = str(people[-1])
        return _found(found, part.next(self.cursors, place))


@dataclass(frozen=True, slots=True)
class _Search:
    asked: Asked
    mine: Subject
    now: datetime

    @property
    def groups(self) -> Collection[GroupId] | None:
        return None if may_bypass(self.mine, self.now) else self.mine.groups

    def allowed(self, view: View, people: Collection[UserId]) -> Iterator[UserId]:
        for each in people:
            subject = view.subjects.get((each, self.asked.organization_id))
            if subject:
                one = self.asked._replace(inquiry=replace(self.asked.inquiry, user_id=each))
                found = question(one, view.things, self.mine, subject, self.now)
                if found and decide(subject, found, self.now) is Outcome.ALLOWED:
                    yield each


def _found(ids: list[str], token: str = "") -> Found:
    return Found([Entity(USER, each) for each in ids], token)
