"""What the AuthZEN Authorization API 1.0 takes and answers (sections 5 to 8). Unknown members are ignored (10.1.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from domain.access.answers import Refused, Told
from domain.access.asking import Entity
from domain.access.queries.evaluate_many import Semantic

Object = dict[str, Any]


class AccessSubject(Struct, frozen=True):
    """Who wants to do something: a person is of type `user`, and their id is that of their profile.

    A service account is of type `service_account`, with its own id.
    """

    type: str
    id: str
    properties: Object | None = None


class AccessAction(Struct, frozen=True):
    """What they want to do: `read` on a `document` is the permission `document:read`."""

    name: str
    properties: Object | None = None


class AccessResource(Struct, frozen=True):
    """What they want to do it with: a registered resource by its external id, or an `organization`.

    `properties` are ignored, unless `planned` is true among them: then one that is not registered is decided about as
    what it is going to be, with `parent` (`{type, id}`), `owner` (the id of a person) and `attributes`.
    """

    type: str
    id: str
    properties: Object | None = None


class EvaluationRequest(Struct, frozen=True):
    """One question (section 6.1).

    `context` may have `organization_id` (else that of the token, else the platform's), `at_least` (a consistency token:
    the answer is never older) and `explain`; its other members are what conditions know as `context.<name>`.
    """

    subject: AccessSubject
    action: AccessAction
    resource: AccessResource
    context: Object | None = None


class SomeEntity(Struct, frozen=True):
    """A subject or a resource, perhaps without what makes it one."""

    type: str | None = None
    id: str | None = None
    properties: Object | None = None


class SomeAction(Struct, frozen=True):
    """An action, perhaps without its name."""

    name: str | None = None
    properties: Object | None = None


class SomeEvaluation(Struct, frozen=True):
    """One of several questions; what is left out is taken from the request."""

    subject: SomeEntity | None = None
    action: SomeAction | None = None
    resource: SomeEntity | None = None
    context: Object | None = None


class EvaluationsOptions(Struct, frozen=True):
    """How several questions are answered."""

    evaluations_semantic: Semantic = Semantic.EXECUTE_ALL


class EvaluationsRequest(Struct, frozen=True):
    """Several questions (section 7.1), with defaults for all of them; without any, one."""

    subject: SomeEntity | None = None
    action: SomeAction | None = None
    resource: SomeEntity | None = None
    context: Object | None = None
    evaluations: Annotated[list[SomeEvaluation], Meta(max_length=1000)] | None = None
    options: EvaluationsOptions | None = None


class SearchedEntity(Struct, frozen=True):
    """What is searched for: its id is ignored."""

    type: str
    id: str | None = None
    properties: Object | None = None


class SearchPage(Struct, frozen=True):
    """Which part of the results is wanted (section 8.2.1), at most 1000 at once."""

    token: str | None = None
    limit: Annotated[int, Meta(ge=0)] | None = None
    properties: Object | None = None


class SubjectSearchRequest(Struct, frozen=True):
    """Ask who may do this (section 8.4.1)."""

    subject: SearchedEntity
    action: AccessAction
    resource: AccessResource
    context: Object | None = None
    page: SearchPage | None = None


class ResourceSearchRequest(Struct, frozen=True):
    """Ask with which resources they may do this (section 8.5.1)."""

    subject: AccessSubject
    action: AccessAction
    resource: SearchedEntity
    context: Object | None = None
    page: SearchPage | None = None


class ActionSearchRequest(Struct, frozen=True):
    """Ask what they may do with this (section 8.6.1)."""

    subject: AccessSubject
    resource: AccessResource
    context: Object | None = None
    page: SearchPage | None = None


class DecisionContext(Struct, frozen=True, omit_defaults=True):
    """What is said beside a decision."""

    explanation: Told | None = None
    error: Refused | None = None


class DecisionReply(Struct, frozen=True, omit_defaults=True):
    """Whether it is allowed (section 5.5)."""

    decision: bool
    context: DecisionContext | None = None


class DecisionsReply(Struct, frozen=True, omit_defaults=True):
    """The decisions in the order of the questions; where there was only one question, that decision."""

    evaluations: list[DecisionReply] | None = None
    decision: bool | None = None
    context: DecisionContext | None = None


class ReplyPage(Struct, frozen=True):
    """`next_token` is empty at the end."""

    next_token: str
    count: int


class SearchReply(Struct, frozen=True):
    """What was found (section 8.3)."""

    page: ReplyPage
    results: list[Entity]


class FoundAction(Struct, frozen=True):
    """An action that is allowed."""

    name: str


class ActionSearchReply(Struct, frozen=True):
    """The actions that were found (section 8.3)."""

    page: ReplyPage
    results: list[FoundAction]


class DecisionPoint(Struct, frozen=True):
    """Metadata of the policy decision point (section 9.1)."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str
