"""What is asked about access, as the asker may ask it: whatever they may not see is not there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from re import compile as pattern
from typing import Any, Final, NamedTuple

from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide, knows, sees
from domain.access.engine.parts import SERVICE_ACCOUNT, USER, Name
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId, uuid_of

ORGANIZATION: Final = "organization"
"""The type of resource whose actions are permissions on the organization itself."""
KINDS: Final = frozenset({USER, SERVICE_ACCOUNT})
"""Types of subjects that decisions are made about."""
LONGEST: Final = 64
_NAME: Final = pattern(r"[A-Za-z0-9_.:-]+").fullmatch


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource, by its type and its id there."""

    type: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a resource that is not registered is going to be."""

    parent: Entity | None = None
    owner_id: UserId | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a question is asked with."""

    organization_id: OrganizationId | None = None
    """Without it the asker's, as their token says, else the platform's."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What conditions know as `context.<name>`."""
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a subject may do something with a resource."""

    subject: Entity
    action: str
    resource: Entity
    planned: Planned | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)


Person = tuple[UserId, OrganizationId]
"""Somebody, in an organization."""


@dataclass(frozen=True, slots=True)
class View:
    """People and things as of one moment."""

    subjects: Mapping[Person, Subject]
    """Without those that there are not."""
    things: Sequence[Thing | None]
    """In the order in which they were asked for."""


@dataclass(slots=True)
class Inquiry:
    """What questions about different resources may have in common. Nothing of it changes."""

    asker: Person
    kind: str
    """What `user_id` is the id of: a `user` or a `service_account`."""
    user_id: UserId | None
    """None for whoever cannot be one of ours."""
    permission: str | None
    """None for what cannot be one."""
    circumstances: Circumstances
    is_about_asker: bool = field(init=False)
    """Whether somebody asks about themselves."""

    def __post_init__(self) -> None:
        self.is_about_asker = self.user_id == self.asker[0] and self.kind == USER

    @property
    def people(self) -> tuple[Person, ...]:
        """Whom the answer depends on."""
        if self.user_id is None or self.is_about_asker:
            return (self.asker,)
        return self.asker, (self.user_id, self.asker[1])


class Asked(NamedTuple):
    """An evaluation, taken apart."""

    inquiry: Inquiry
    names: tuple[Name, ...]
    """What the answer depends on: the resource, and what it is going to lie in. None for the organization itself."""
    planned: Planned | None

    @property
    def asker(self) -> Person:
        """Who asks."""
        return self.inquiry.asker

    @property
    def organization_id(self) -> OrganizationId:
        """Where it is asked."""
        return self.inquiry.asker[1]

    @property
    def name(self) -> Name | None:
        """What the resource is called."""
        return self.names[0] if self.names else None


class Alike(NamedTuple):
    """Questions that differ in nothing but the resource, none of them about what is planned or to be explained."""

    inquiry: Inquiry
    names: list[Name]


def take_apart(evaluation: Evaluation, actor: Actor) -> Asked:
    """Return what `actor` asks; raise `OrganizationNotFound` if it is about what cannot be an organization."""
    resource, planned, circumstances = evaluation.resource, evaluation.planned, evaluation.circumstances
    organization_id, names = place(circumstances, actor), tuple[Name, ...]()
    if resource.type == ORGANIZATION:
        found = uuid_of(resource.id)
        if found is None:
            raise OrganizationNotFound
        organization_id = OrganizationId(found)
    else:
        names = (Name(organization_id, resource.type, resource.id),)
        if planned and planned.parent:
            names = (*names, Name(organization_id, planned.parent.type, planned.parent.id))
    inquiry = Inquiry(
        asker=(actor.user_id, organization_id),
        kind=evaluation.subject.type,
        user_id=user_of(evaluation.subject),
        permission=permission_of(resource.type, evaluation.action),
        circumstances=circumstances,
    )
    return Asked(inquiry, names, planned)


def take_many_apart(
    evaluations: Iterable[Evaluation | None], actor: Actor, most: int
) -> Iterator[Asked | Alike | OrganizationNotFound | None]:
    """Do the same for many, in their order; those in a row that are alike come together, `most` at once."""
    alike: Alike | None = None
    first: Evaluation | None = None
    for each in evaluations:
        if (
            each
            and alike
            and first
            and (each.subject is first.subject or each.subject == first.subject)
            and each.circumstances is first.circumstances
            and each.action == first.action
            and each.resource.type == first.resource.type
            and each.planned is None
            and len(alike.names) < most
        ):
            alike.names.append(Name(alike.inquiry.asker[1], each.resource.type, each.resource.id))
            continue
        if alike:
            yield alike
        alike, first = None, each
        if each is None:
            yield None
            continue
        try:
            asked = take_apart(each, actor)
        except OrganizationNotFound as refusal:
            yield refusal
            continue
        if asked.names and asked.planned is None and not each.circumstances.explain:
            alike = Alike(asked.inquiry, [*asked.names])
        else:
            yield asked
    if alike:
        yield alike


def place(circumstances: Circumstances, actor: Actor) -> OrganizationId:
    """Return the organization that something is asked about."""
    return circumstances.organization_id or actor.organization_id or PLATFORM


def user_of(subject: Entity) -> UserId | None:
    """Return whom `subject` names, None if it can be none of ours."""
    found = uuid_of(subject.id) if subject.type in KINDS else None
    return UserId(found) if found else None


def permission_of(type_: str, action: str) -> str | None:
    """Return the permission that an action on a resource of a type is, None if there can be no such one.

    On an organization it is named in full, such as `members:read`.
    """
    return _permission(type_, action) if len(type_) <= LONGEST and len(action) <= LONGEST else None


@lru_cache(maxsize=10_000)
def _permission(type_: str, action: str) -> str | None:
    if not (_NAME(type_) and _NAME(action)):
        return None
    return action if type_ == ORGANIZATION and ":" in action else f"{type_}:{action}"


def may_ask(
    mine: Subject | None, asked: OrganizationId, now: datetime, *, permission: Permission, about_oneself: bool
) -> Subject:
    """Return who asks; raise `Forbidden`, or `OrganizationNotFound` where they have nothing to do with it.

    About oneself one may ask wherever one belongs, and of the platform; about others with `permission` there.
    """
    if mine and mine.user.is_active:
        if (about_oneself and (mine.belongs or asked == PLATFORM)) or holds(mine, permission, now):
            return mine
        if mine.belongs or asked == PLATFORM:
            raise Forbidden
    raise OrganizationNotFound


def holds(subject: Subject, permission: Permission, now: datetime) -> bool:
    """Return whether somebody holds a permission in the organization."""
    return decide(subject, Question(permission.value), now) is Outcome.ALLOWED


def about(inquiry: Inquiry, subjects: Mapping[Person, Subject], mine: Subject, now: datetime) -> Subject | None:
    """Return whom the question is about; None if there is nobody such, as far as the asker may know.

    Service accounts of other organizations are nobody.
    """
    found = subjects.get((inquiry.user_id, inquiry.asker[1])) if inquiry.user_id else None
    if found is None or found.user.kind != inquiry.kind or not (inquiry.kind == USER or found.belongs):
        return None
    return found if knows(mine, found, now) else None


def question(
    asked: Asked, things: Sequence[Thing | None], mine: Subject, subject: Subject, now: datetime
) -> Question | None:
    """Return what is to be decided; None if it is about a resource that is not there, as far as the asker may know.

    `things` are what there is of `asked.names`.
    """
    permission, attributes = asked.inquiry.permission, asked.inquiry.circumstances.attributes
    if permission is None:
        return None
    if not asked.names:
        return Question(permission, None, attributes)
    thing = things[0]
    if thing:
        found = Question(permission, thing, attributes)
        if sees(mine, thing, now) or (asked.inquiry.is_about_asker and decide(subject, found, now) is Outcome.ALLOWED):
            return found
    planned = _planned(asked, things, mine, subject, now) if asked.planned else None
    return Question(permission, planned, attributes) if planned else None


def _planned(
    asked: Asked, things: Sequence[Thing | None], mine: Subject, subject: Subject, now: datetime
) -> Thing | None:
    """Return a resource as it is going to be, None if nothing can lie there."""
    assert asked.planned
    _, type_, external_id = asked.names[0]
    made = Thing(
        type=type_,
        external_id=external_id,
        owner_id=asked.planned.owner_id,
        attributes=asked.planned.attributes,
    )
    if asked.planned.parent is None:
        return made
    parent = things[1]
    if parent is None or not sees(mine, parent, now):
        return None
    if sees(subject, parent, now):
        return replace(made, path=parent.path)
    # Nobody gets behind a wall by saying that they will own what is to lie there.
    return replace(made, path=parent.path, groups=frozenset(), owner_id=None)
