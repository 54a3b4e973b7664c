"""Search for people, or service accounts, who may do something."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.access.answers import Found
from domain.access.asking import KINDS, Asked, Entity, Evaluation, View, about, may_ask, question, take_apart
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, decide, may_bypass
from domain.access.engine.parts import SERVICE_ACCOUNT
from domain.access.paging import Page, Part, part_of
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ids import GroupId, UserId
from domain.kernel.ports import Clock, Cursors
from domain.kernel.usecases import Query, interactor, message

STRETCH: Final = 500
"""Candidates that are looked at together."""
MOST: Final = 5000
"""Candidates that are looked at for one page: it may have fewer results than it could."""


@message
class SearchSubjects(Query[Found]):
    """Return the people, or the service accounts, who may do something with a resource; takes `access:check`.

    Exactly those of whom `EvaluateAccess` says so, in the order of their ids, but nobody whom the asker may not see.
    """

    wanted: Evaluation
    """The subject's type is that of the results; its id means nothing."""
    page: Page = Page()
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(CursorInvalid, Forbidden, OrganizationNotFound), dear=True)
class SearchSubjectsInteractor:
    decisions: Decisions
    clock: Clock
    cursors: Cursors

    async def __call__(self, request: SearchSubjects, actor: Actor) -> Found:
        wanted = replace(request.wanted, subject=Entity(request.wanted.subject.type))
        asked, now = take_apart(wanted, actor), self.clock.now()
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
        if wanted.subject.type not in KINDS:
            return Found([])
        return await self._page(_Search(asked, mine, now), part)

    async def _page(self, search: "_Search", part: Part) -> Found:
        place, found = part.after, list[str]()
        for _ in range(MOST // STRETCH):
            people = await self._candidates(search, UserId(UUID(place)) if place else None)
            view = await self.decisions.view(
                {search.asked.asker} | {(each, search.asked.organization_id) for each in people}, search.asked.names
            )
            for each in search.allowed(view, people):
                if len(found) == part.limit:
                    return search.found(found, part.next(self.cursors, found[-1] if found else part.after))
                found.append(str(each))
            if len(people) < STRETCH:
                return search.found(found)
            place = str(people[-1])
        return search.found(found, part.next(self.cursors, place))

    async def _candidates(self, search: "_Search", after: UserId | None) -> Sequence[UserId]:
        organization_id = search.asked.organization_id
        if search.kind == SERVICE_ACCOUNT:
            return await self.decisions.service_accounts(organization_id, after, STRETCH)
        return await self.decisions.candidates(search.asked.asker, search.groups, after, STRETCH)


@dataclass(frozen=True, slots=True)
class _Search:
    asked: Asked
    mine: Subject
    now: datetime

    @property
    def kind(self) -> str:
        """The type of subject that is searched for."""
        return self.asked.inquiry.kind

    @property
    def groups(self) -> Collection[GroupId] | None:
        return None if may_bypass(self.mine, self.now) else self.mine.groups

    def allowed(self, view: View, people: Collection[UserId]) -> Iterator[UserId]:
        for each in people:
            one = self.asked._replace(inquiry=replace(self.asked.inquiry, user_id=each))
            if subject := about(one.inquiry, view.subjects, self.mine, self.now):
                found = question(one, view.things, self.mine, subject, self.now)
                if found and decide(subject, found, self.now) is Outcome.ALLOWED:
                    yield each

    def found(self, ids: Sequence[str], token: str = "") -> Found:
        return Found([Entity(self.kind, each) for each in ids], token)
