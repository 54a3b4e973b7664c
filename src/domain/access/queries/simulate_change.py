"""Say what a change would do, without making it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from domain.access.answers import Difference, Differences, Held
from domain.access.asking import Entity, user_of
from domain.access.errors import SimulationTooLarge
from domain.access.paging import Page, Part, part_of
from domain.access.simulating.comparing import MOST_COMPARED, Change, Comparing
from domain.access.simulating.ports import Trial, Trials, Wanted
from domain.access.simulating.states import Candidate
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import ConcurrentChange, CursorInvalid, OrganizationNotFound, Overloaded
from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.ports import Clock, Cursors
from domain.kernel.usecases import Command, Query, interactor, message

STRETCH: Final = 500
"""People who are looked at for one page: it may have fewer results than it could."""
NOBODY: Final = UserId(UUID(int=0))
EACH: Final = 100
"""Changes that are shown of one person among others."""


@message
class SimulateChange(Query[Differences]):
    """Say who would gain and who would lose what by a change, without making it; needs whatever the change does, too.

    The change is judged as if it were made, and refused as it would be. Exactly those decisions are answered that
    `EvaluateAccess` would answer otherwise afterwards, of people and resources that the asker may see as things are.
    """

    organization_id: OrganizationId
    """Where decisions are compared; the change itself may be one elsewhere."""
    change: Command[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What conditions know as `context.<name>`."""
    subject: Entity | None = None
    """Tell everything about this one, and nothing about others."""
    page: Page = Page()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the token of a page is good for."""

    operation: str
    change: Command[Any]
    attributes: Mapping[str, Any]
    subject: Entity | None


@interactor(
    access=needs(Permission.ACCESS_SIMULATE, within="organization_id"),
    raises=(CursorInvalid, OrganizationNotFound, SimulationTooLarge, ConcurrentChange, Overloaded),
    audit="access.change.simulate",
    dear=True,
)
class SimulateChangeInteractor:
    trials: Trials
    clock: Clock
    cursors: Cursors

    async def __call__(self, request: SimulateChange, actor: Actor) -> Differences:
        asked = _Asked(type(request.change).__name__, request.change, request.attributes, request.subject)
        organization_id, now = request.organization_id, self.clock.now()
        part = part_of(self.cursors, "SimulateChange", asked, organization_id, actor, request.page)
        alone = request.subject
        wanted = Wanted(
            organization_id=organization_id,
            subject=(user_of(alone) or NOBODY) if alone else None,
            after=UserId(UUID(part.after)) if part.after and not alone else None,
            most=STRETCH,
            now=now,
        )
        async with self.trials.of(request.change, actor, wanted) as trial:
            comparing = Comparing(trial, request.attributes, now)
            if alone:
                return await self._everything(alone.type, trial, comparing, part)
            return await self._page(trial, comparing, part)

    async def _page(self, trial: Trial, comparing: Comparing, part: Part) -> Differences:
        found: list[Difference] = []
        last = part.after
        for each in trial.people:
            if len(found) == part.limit or comparing.compared >= MOST_COMPARED:
                return Differences(found, part.next(self.cursors, last))
            changes = await comparing.changes(each, (), EACH + 1)
            if changes:
                found.append(_difference(each, changes[:EACH], more=len(changes) > EACH))
            last = str(each.id)
        return Differences(found, part.next(self.cursors, str(trial.last)) if trial.last else "")

    async def _everything(self, kind: str, trial: Trial, comparing: Comparing, part: Part) -> Differences:
        for each in trial.people:
            if each.kind != kind:
                break
            changes = await comparing.changes(each, tuple(part.after or ()), part.limit + 1)
            page, more = changes[: part.limit], len(changes) > part.limit
            last = page[-1].place if page else part.after
            told = [_difference(each, page, more=more)] if page else []
            return Differences(told, part.next(self.cursors, last) if more else "")
        return Differences([])


def _difference(candidate: Candidate, changes: list[Change], *, more: bool) -> Difference:
    gains, loses = [
        [Held(each.permission, each.on) for each in changes if each.gained is gained] for gained in (True, False)
    ]
    return Difference(Entity(candidate.kind, str(candidate.id)), gains, loses, more)
