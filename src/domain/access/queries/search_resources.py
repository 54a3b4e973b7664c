"""Search for resources with which somebody may do something."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from domain.access.answers import Found
from domain.access.asking import (
    ORGANIZATION,
    Entity,
    Evaluation,
    Inquiry,
    about,
    may_ask,
    permission_of,
    place,
    user_of,
)
from domain.access.paging import Page, part_of
from domain.access.ports import Decisions, Listing
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ids import ResourceId
from domain.kernel.ports import Clock, Cursors
from domain.kernel.usecases import Query, interactor, message


@message
class SearchResources(Query[Found]):
    """Return the resources of a type with which a subject may do something.

    About oneself anyone may ask in their organizations; about others it takes `access:check` there. Exactly those of
    which `EvaluateAccess` says so, in the order in which they were registered.
    """

    wanted: Evaluation
    """The resource's id means nothing."""
    page: Page = Page()
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(CursorInvalid, Forbidden, OrganizationNotFound), dear=True)
class SearchResourcesInteractor:
    decisions: Decisions
    clock: Clock
    cursors: Cursors

    async def __call__(self, request: SearchResources, actor: Actor) -> Found:
        wanted = replace(request.wanted, resource=Entity(request.wanted.resource.type))
        organization_id, now = place(wanted.circumstances, actor), self.clock.now()
        asker, type_ = (actor.user_id, organization_id), wanted.resource.type
        permission = permission_of(type_, wanted.action)
        inquiry = Inquiry(asker, wanted.subject.type, user_of(wanted.subject), permission, wanted.circumstances)
        await self.decisions.refresh(request.at_least)
        view = await self.decisions.view(inquiry.people, ())
        mine = may_ask(
            view.subjects.get(asker),
            organization_id,
            now,
            permission=Permission.ACCESS_CHECK,
            about_oneself=inquiry.is_about_asker,
        )
        part = part_of(self.cursors, "SearchResources", wanted, organization_id, actor, request.page)
        subject = about(inquiry, view.subjects, mine, now)
        if subject is None or permission is None or type_ == ORGANIZATION:
            return Found([])
        listing = Listing((subject.id, organization_id), asker, type_, permission, wanted.circumstances.attributes)
        after = ResourceId(UUID(part.after)) if part.after else None
        rows = await self.decisions.resources(listing, after, part.limit + 1, now)
        page = rows[: part.limit]
        last = str(page[-1][0]) if page else part.after
        token = part.next(self.cursors, last) if len(rows) > part.limit else ""
        return Found([Entity(type_, external_id) for _, external_id in page], token)
