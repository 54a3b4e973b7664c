"""Whether one person may do one thing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.access.engine.compiled import Held, Rules, Subject
from domain.access.engine.parts import ResourcePart
from domain.kernel.access import Permission
from domain.kernel.ids import GroupId, ResourceId, UserId

BYPASS: Final = Permission.VISIBILITY_BYPASS.value


class Outcome(Enum):
    """How a question was answered. `HIDDEN` is told to callers as if there were no such thing."""

    ALLOWED = "allowed"
    DENIED = "denied"
    HIDDEN = "hidden"


@dataclass(slots=True)
class Thing:
    """What a question is about: a resource as it is, or as it is going to be. Nothing of it changes.

    It is not frozen: many are made, and that would take five times as long.
    """

    type: str
    external_id: str
    id: ResourceId | None = None
    """None for what is not there yet."""
    path: tuple[ResourceId, ...] = ()
    """Itself first if it is there, then what it lies in."""
    owner_id: UserId | None = None
    groups: frozenset[GroupId] | None = None
    """The visibility groups of its wall; None without one."""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, resource: ResourcePart, wall: ResourcePart | None) -> "Thing":
        """Return a resource, whose wall is `wall`; one that is to be there and cannot be found hides everything."""
        groups = None if resource.wall_id is None else wall.groups if wall else frozenset[GroupId]()
        return cls(
            type=resource.type,
            external_id=resource.external_id,
            id=resource.id,
            path=resource.path,
            owner_id=resource.owner_id,
            groups=groups,
            attributes=resource.attributes,
        )


class Question(NamedTuple):
    """What is asked: `permission` on `thing`, None for the organization itself."""

    permission: str
    thing: Thing | None = None
    context: Mapping[str, Any] = MappingProxyType({})


def decide(subject: Subject, question: Question, now: datetime) -> Outcome:
    """Answer as ADR 0010 says: platform-wide grants first, then walls, then denies, then allows."""
    return _decide(subject, subject.rules(question.permission), *question, now)


def decide_all(
    subject: Subject, permission: str, things: Iterable[Thing], context: Mapping[str, Any], now: datetime
) -> list[Outcome]:
    """Answer the same question about each of several things."""
    rules = subject.rules(permission)
    return [_decide(subject, rules, permission, thing, context, now) for thing in things]


def _decide(
    subject: Subject,
    rules: tuple[Rules, Rules],
    permission: str,
    thing: Thing | None,
    context: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    # Questions are made only for grants that are to be weighed: most of many things are not granted at all.
    if not subject.user.is_active:
        return Outcome.DENIED
    wide, here = rules
    said: bool | None = wide.allowed or None
    if said is None and wide.everywhere:
        said = weigh(wide.everywhere, subject, Question(permission, thing, context), now)
    if said is None:
        if thing and not sees(subject, thing, now):
            return Outcome.HIDDEN
        grants = here.at(thing.id, thing.path) if thing else here.everywhere
        if here.allowed:
            said = True
        elif grants:
            said = weigh(grants, subject, Question(permission, thing, context), now)
    return Outcome.ALLOWED if said else Outcome.DENIED


def weigh(grants: Iterable[Held], subject: Subject, question: Question, now: datetime) -> bool | None:
    """Return what the grants say together: False if one denies, True if one allows and none denies, else None.

    A deny whose condition cannot be told denies; an allow whose condition cannot be told says nothing.
    """
    allowed = None
    for held in grants:
        truth = holds(held, subject, question, now)
        if held.grant.allows:
            allowed = allowed or truth or None
        elif truth is not False:
            return False
    return allowed


def holds(held: Held, subject: Subject, question: Question, now: datetime) -> bool | None:
    """Return whether the grant holds for the question; None if its condition cannot be told."""
    grant = held.grant
    if grant.expires_at is not None and grant.expires_at <= now:
        return False
    if grant.condition is None:
        return True
    return grant.condition.truth(lambda name: attribute(name, subject, question))


def sees(subject: Subject, thing: Thing, now: datetime) -> bool:
    """Return whether no wall stands between the person and the thing."""
    return thing.groups is None or thing.owner_id == subject.id or _looks_in(subject, thing.groups, now)


def knows(subject: Subject, other: Subject, now: datetime) -> bool:
    """Return whether no wall stands between two people of an organization, so that the other exists for the first."""
    return not other.walls or other.id == subject.id or _looks_in(subject, other.walls, now)


def _looks_in(subject: Subject, groups: Collection[GroupId], now: datetime) -> bool:
    """Return whether the person sees what is in any of these visibility groups."""
    return not subject.groups.isdisjoint(groups) or may_bypass(subject, now)


def may_bypass(subject: Subject, now: datetime) -> bool:
    """Return whether walls do not count for the person."""
    return decide(subject, Question(BYPASS), now) is Outcome.ALLOWED


def attribute(name: str, subject: Subject, question: Question) -> object:
    """Return what a condition may ask for, None if it is absent."""
    scope, _, key = name.partition(".")
    match scope:
        case "resource":
            return _of_thing(question.thing, key) if question.thing else None
        case "subject":
            return {"id": str(subject.id), "email_verified": subject.user.email_verified}.get(key)
        case "context":
            return question.context.get(key)
    return None


def _of_thing(thing: Thing, key: str) -> object:
    match key:
        # Before the attributes: nobody may pass for an owner by an attribute of that name.
        case "type":
            return thing.type
        case "external_id":
            return thing.external_id
        case "owner":
            return thing.owner_id and str(thing.owner_id)
    return thing.attributes.get(key)
