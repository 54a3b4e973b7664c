"""What is asked about access, as the asker may ask it: whatever they may not see is not there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from re import compile as pattern
from typing import Any, Final
from uuid import UUID

from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide, knows, sees
from domain.access.engine.parts import SERVICE_ACCOUNT, USER, Name
from domain.kernel.access import Actor, Permission
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId

ORGANIZATION: Final = "organization"
"""The type of resource whose actions are permissions on the organization itself."""
KINDS: Final = frozenset({USER, SERVICE_ACCOUNT})
"""Types of subjects that decisions are made about."""
_NAME: Final = pattern(r"[A-Za-z0-9_.:-]{1,64}").fullmatch
_UUID: Final = pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


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
"""Somebody, in an organization; service accounts go by their ids too, which are nobody else's."""


@dataclass(frozen=True, slots=True)
class View:
    """People and things as of one moment; those that are not there are left out."""

    subjects: Mapping[Person, Subject]
    things: Mapping[Name, Thing]

    def known(self, kind: str, user_id: UserId | None, organization_id: OrganizationId) -> Subject | None:
        """Return somebody, None if there is nobody of that id and kind. Service accounts of others are nobody."""
        found = self.subjects.get((user_id, organization_id)) if user_id else None
        if found is None or found.user.kind != kind:
            return None
        return found if kind == USER or found.belongs else None


@dataclass(frozen=True, slots=True)
class Asked:
    """An evaluation, taken apart."""

    asker: Person
    kind: str
    """What `user_id` is the id of: a `user` or a `service_account`."""
    user_id: UserId | None
    """None for whoever cannot be one of ours."""
    permission: str | None
    """None for what cannot be one."""
    name: Name | None
    """None for the organization itself."""
    planned: Planned | None
    circumstances: Circumstances

    @property
    def organization_id(self) -> OrganizationId:
        """Where it is asked."""
        return self.asker[1]

    @property
    def parent(self) -> Name | None:
        """What the resource is going to lie in."""
        parent = self.planned and self.planned.parent
        return Name(self.organization_id, parent.type, parent.id) if parent else None

    @property
    def people(self) -> set[Person]:
        """Whom the answer depends on."""
        return {self.asker} | ({(self.user_id, self.organization_id)} if self.user_id else set())

    @property
    def names(self) -> set[Name]:
        """What the answer depends on."""
        return {each for each in (self.name, self.parent) if each}

    @property
    def is_about_asker(self) -> bool:
        """Whether somebody asks about themselves."""
        return self.user_id == self.asker[0] and self.kind == USER


def taken_apart(evaluation: Evaluation, actor: Actor) -> Asked:
    """Return what `actor` asks; raise `OrganizationNotFound` if it is about what cannot be an organization."""
    resource, circumstances = evaluation.resource, evaluation.circumstances
    organization_id = place(circumstances, actor)
    name: Name | None = None
    if resource.type == ORGANIZATION:
        if not _UUID(resource.id):
            raise OrganizationNotFound
        organization_id = OrganizationId(UUID(resource.id))
    else:
        name = Name(organization_id, resource.type, resource.id)
    return Asked(
        asker=(actor.user_id, organization_id),
        kind=evaluation.subject.type,
        user_id=user_of(evaluation.subject),
        permission=permission_of(resource.type, evaluation.action),
        name=name,
        planned=evaluation.planned,
        circumstances=circumstances,
    )


def place(circumstances: Circumstances, actor: Actor) -> OrganizationId:
    """Return the organization that something is asked about."""
    return circumstances.organization_id or actor.organization_id or PLATFORM


def user_of(subject: Entity) -> UserId | None:
    """Return the id of the person or service account that `subject` names, None if it can be none of ours."""
    return UserId(UUID(subject.id)) if subject.type in KINDS and _UUID(subject.id) else None


def permission_of(type_: str, action: str) -> str | None:
    """Return the permission that an action on a resource of a type is, None if there can be no such one.

    On an organization it is named in full, such as `members:read`.
    """
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


def about(asked: Asked, view: View, mine: Subject, now: datetime) -> Subject | None:
    """Return whom the question is about; None if there is nobody such, as far as the asker may know."""
    subject = view.known(asked.kind, asked.user_id, asked.organization_id)
    return subject if subject and knows(mine, subject, now) else None


def question(asked: Asked, view: View, mine: Subject, subject: Subject, now: datetime) -> Question | None:
    """Return what is to be decided; None if it is about a resource that is not there, as far as the asker may know."""
    if asked.permission is None:
        return None
    attributes = asked.circumstances.attributes
    if asked.name is None:
        return Question(asked.permission, None, attributes)
    thing = view.things.get(asked.name)
    if thing:
        found = Question(asked.permission, thing, attributes)
        if sees(mine, thing, now) or (asked.is_about_asker and decide(subject, found, now) is Outcome.ALLOWED):
            return found
    planned = _planned(asked, view, mine, subject, now)
    return Question(asked.permission, planned, attributes) if planned else None


def _planned(asked: Asked, view: View, mine: Subject, subject: Subject, now: datetime) -> Thing | None:
    """Return a resource as it is going to be, None if that was not asked or nothing can lie there."""
    if asked.planned is None or asked.name is None:
        return None
    made = Thing(
        type=asked.name.type,
        external_id=asked.name.external_id,
        owner_id=asked.planned.owner_id,
        attributes=asked.planned.attributes,
    )
    if asked.parent is None:
        return made
    parent = view.things.get(asked.parent)
    if parent is None or not sees(mine, parent, now):
        return None
    if sees(subject, parent, now):
        return replace(made, path=parent.path)
    # Nobody gets behind a wall by saying that they will own what is to lie there.
    return replace(made, path=parent.path, groups=frozenset(), owner_id=None)


def needed(asked: Iterable[Asked]) -> tuple[set[Person], set[Name]]:
    """Return everything that answers depend on."""
    people: set[Person] = set()
    names: set[Name] = set()
    for each in asked:
        people |= each.people
        names |= each.names
    return people, names
