"""Search for what somebody may do."""

from collections.abc import Collection
from dataclasses import replace

from domain.access.answers import Actions
from domain.access.asking import Asked, Evaluation, about, may_ask, question, take_apart
from domain.access.engine.compiled import EVERYTHING
from domain.access.engine.deciding import Outcome, decide
from domain.access.paging import Page, part_of
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock, Cursors
from domain.kernel.usecases import Query, interactor, message


@message
class SearchActions(Query[Actions]):
    """Return what a subject may do with a resource: of the actions that any role of the organization gives.

    About oneself anyone may ask in their organizations; about others it takes `access:check` there. Exactly those of
    which `EvaluateAccess` says so, in alphabetical order.
    """

    wanted: Evaluation
    """The action means nothing."""
    page: Page = Page()
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(CursorInvalid, Forbidden, OrganizationNotFound), dear=True)
class SearchActionsInteractor:
    decisions: Decisions
    clock: Clock
    cursors: Cursors

    async def __call__(self, request: SearchActions, actor: Actor) -> Actions:
        wanted = replace(request.wanted, action="")
        asked, now = take_apart(wanted, actor), self.clock.now()
        await self.decisions.refresh(request.at_least)
        view = await self.decisions.view(asked.inquiry.people, asked.names)
        mine = may_ask(
            view.subjects.get(asked.asker),
            asked.organization_id,
            now,
            permission=Permission.ACCESS_CHECK,
            about_oneself=asked.inquiry.is_about_asker,
        )
        part = part_of(self.cursors, "SearchActions", wanted, asked.organization_id, actor, request.page)
        subject = about(asked.inquiry, view.subjects, mine, now)
        if subject is None:
            return Actions([])
        names = await self._names(asked)
        allowed = [
            name
            for name, permission in sorted(names.items())
            if (part.after is None or name > part.after)
            and (found := question(_of(asked, permission), view.things, mine, subject, now))
            and decide(subject, found, now) is Outcome.ALLOWED
        ]
        page = allowed[: part.limit]
        last = page[-1] if page else part.after
        return Actions(page, part.next(self.cursors, last) if len(allowed) > part.limit else "")

    async def _names(self, asked: Asked) -> dict[str, str]:
        """Return the actions there are, and the permission that each of them is."""
        known = {*await self.decisions.permissions(asked.organization_id), *map(str, Permission)}
        plain = {each for each in known if not each.endswith(EVERYTHING)}
        if asked.name is None:
            return {each: each for each in plain}
        prefix = f"{asked.name.type}:"
        return {each.removeprefix(prefix): each for each in plain if each.startswith(prefix)}


def _of(asked: Asked, permission: str) -> Asked:
    return asked._replace(inquiry=replace(asked.inquiry, permission=permission))
