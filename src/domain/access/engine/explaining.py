"""Why a question was answered as it was, and what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.access.engine.compiled import Held, Subject
from domain.access.engine.deciding import BYPASS, Outcome, Question, decide, holds, sees
from domain.access.engine.parts import SERVICE_ACCOUNT
from domain.kernel.ids import PLATFORM, GrantId, GroupId, OrganizationId, ResourceId


@dataclass(frozen=True, slots=True)
class Missing:
    """A plain grant that would be enough: of any role that has the permission, at this place, to the person."""

    permission: str
    organization_id: OrganizationId
    resource_id: ResourceId | None
    below: bool
    """It is asked about something that is not there yet: what it is to lie in must be granted with all below."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """The least that turns a denial into an allow; all of it together. Empty for a person who is not active."""

    withdraw: tuple[GrantId, ...] = ()
    """Denies that stand against it."""
    join: frozenset[GroupId] = frozenset()
    """Visibility groups, any one of which lets the person see the thing."""
    grant: Missing | None = None
    bypass: Missing | None = None
    """What lets a service account, which cannot join a group, see the thing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was answered, the grants that decided it, and what would turn a denial into an allow."""

    outcome: Outcome
    grants: tuple[Held, ...]
    """Those that allow, or those that deny; none where nothing was granted or a wall decides."""
    remedy: Remedy | None
    """None for an allow."""


def explain(subject: Subject, question: Question, now: datetime) -> Explanation:
    """Explain what `decide` answers, from the same grants. Says nothing of who may be told."""
    outcome = decide(subject, question, now)
    wide, here = subject.rules(question.permission)
    thing = question.thing
    ours = tuple(here.at(thing.id, thing.path)) if thing else here.everywhere
    if outcome is Outcome.ALLOWED:
        allowing = _holding(wide.everywhere, subject, question, now, allows=True)
        return Explanation(outcome, allowing or _holding(ours, subject, question, now, allows=True), None)
    if not subject.user.is_active:
        return Explanation(outcome, (), Remedy())
    wholly = _holding(wide.everywhere, subject, question, now, allows=False)
    denying = shown = wholly
    sight, grant = Remedy(), None
    # Without those denies a platform-wide allow that holds is enough.
    if not _holding(wide.everywhere, subject, question, now, allows=True):
        if thing and thing.groups is not None and not sees(subject, thing, now):
            sight = _sight(subject, thing.groups, now)
        standing = _holding(ours, subject, question, now, allows=False)
        denying += standing
        shown = shown or (() if outcome is Outcome.HIDDEN else standing)
        if not _holding(ours, subject, question, now, allows=True):
            grant = _missing(subject, question)
            if grant.organization_id == PLATFORM:
                # There it holds platform-wide: neither walls nor what denies elsewhere stand against it.
                denying, sight = wholly, Remedy()
            elif sight.bypass and question.permission == BYPASS:
                grant = None
    withdraw = {held.grant.id for held in denying} | {*sight.withdraw}
    return Explanation(outcome, shown, replace(sight, withdraw=tuple(sorted(withdraw)), grant=grant))


def _sight(subject: Subject, groups: frozenset[GroupId], now: datetime) -> Remedy:
    """Return what lets somebody see what is in those groups."""
    if subject.user.kind != SERVICE_ACCOUNT:
        return Remedy(join=groups)
    passing = explain(subject, Question(BYPASS), now).remedy
    return Remedy(passing.withdraw, bypass=passing.grant) if passing else Remedy()


def _holding(
    grants: Iterable[Held], subject: Subject, question: Question, now: datetime, *, allows: bool
) -> tuple[Held, ...]:
    """Return the grants of one effect that count: allows that hold, denies that hold or cannot be told."""
    counting = (True,) if allows else (True, None)
    return tuple(
        held for held in grants if held.grant.allows is allows and holds(held, subject, question, now) in counting
    )


def _missing(subject: Subject, question: Question) -> Missing:
    thing, organization_id = question.thing, subject.organization_id
    if subject.user.kind == SERVICE_ACCOUNT and organization_id not in subject.user.organizations:
        # What the platform's own are granted there they hold everywhere; elsewhere nothing can be granted to them.
        organization_id = PLATFORM
    if thing is None or not thing.path or organization_id == PLATFORM:
        return Missing(question.permission, organization_id, None, below=False)
    return Missing(question.permission, organization_id, thing.path[0], below=thing.id is None)
