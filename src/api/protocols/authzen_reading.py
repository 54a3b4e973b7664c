"""What questions of the AuthZEN API mean."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from api.protocols.authzen_shapes import EvaluationsRequest, Object, SearchPage, SomeEntity, SomeEvaluation
from api.refusals import Malformed
from domain.access.asking import ORGANIZATION, Circumstances, Entity, Evaluation, Planned
from domain.access.paging import Page
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import FieldError
from domain.kernel.ids import OrganizationId, UserId, uuid_of

T = TypeVar("T")
OURS = frozenset({"organization_id", "at_least", "explain"})
"""Members of the context that are no attributes."""


def evaluation(
    subject: Entity, action: str, resource: Entity, about: Object | None, context: Object | None
) -> Evaluation:
    """Return a question about a resource with the properties `about`."""
    return Evaluation(subject, action, resource, planned(about), circumstances(context))


def evaluations(request: EvaluationsRequest, several: Sequence[SomeEvaluation]) -> list[Evaluation | None]:
    """Return several questions, with what they leave out taken from the request; None for each that is incomplete."""
    subject, action, resource = _entity(request.subject), request.action, request.resource
    found, common = list[Evaluation | None](), circumstances(request.context)
    for each in several:
        who = _entity(each.subject) if each.subject else subject
        doing, about = each.action or action, each.resource or resource
        what = _entity(about)
        if who and what and about and doing and doing.name is not None:
            asked_with = common if each.context is None else circumstances(each.context)
            found.append(Evaluation(who, doing.name, what, planned(about.properties), asked_with))
        else:
            found.append(None)
    return found


def _entity(given: SomeEntity | None) -> Entity | None:
    if given is None or given.type is None or given.id is None:
        return None
    return Entity(given.type, given.id)


def circumstances(context: Object | None) -> Circumstances:
    """Return what a context says."""
    if not context:
        return Circumstances()
    organization_id, explain = context.get("organization_id"), context.get("explain")
    if not (explain is None or isinstance(explain, bool)):
        raise wrong("context.explain", "Expected `bool`.")
    attributes = {name: value for name, value in context.items() if name not in OURS}
    return Circumstances(
        None if organization_id is None else OrganizationId(_uuid(organization_id, "context.organization_id")),
        attributes,
        explain is True,
    )


def tokens(header: ConsistencyToken | None, contexts: Iterable[Object | None]) -> tuple[ConsistencyToken, ...]:
    """Return the commands that an answer may not be older than."""
    found = {header} if header else set()
    for each in contexts:
        if each and (token := each.get("at_least")) is not None:
            if not isinstance(token, str):
                raise wrong("context.at_least", "Expected `str`.")
            found.add(ConsistencyToken.parse(token))
    return tuple(found)


def planned(properties: Object | None) -> Planned | None:
    """Return what a resource is going to be, if its properties say that it is planned."""
    if not properties or properties.get("planned") is not True:
        return None
    owner = properties.get("owner")
    return Planned(
        _parent(properties.get("parent")),
        None if owner is None else UserId(_uuid(owner, "resource.properties.owner")),
        _is(dict, properties.get("attributes") or {}, "resource.properties.attributes", "object"),
    )


def page(given: SearchPage | None) -> Page:
    """Return which part of the results is wanted."""
    return Page(given.token or "", given.limit) if given else Page()


def missing(names: Iterable[str]) -> Malformed:
    """Return the refusal of a body without these members."""
    return Malformed(
        "The body is not what this address takes.",
        [FieldError(name, "required", "This field is required.") for name in names],
    )


def alone(request: EvaluationsRequest) -> Evaluation:
    """Return the only question of a request that has no list of them."""
    (found,) = evaluations(request, [SomeEvaluation()])
    if found is None:
        parts = {
            "subject.type": request.subject and request.subject.type,
            "subject.id": request.subject and request.subject.id,
            "action.name": request.action and request.action.name,
            "resource.type": request.resource and request.resource.type,
            "resource.id": request.resource and request.resource.id,
        }
        raise missing(name for name, value in parts.items() if value is None)
    return found


def _parent(given: Any) -> Entity | None:
    if given is None:
        return None
    where = "resource.properties.parent"
    parent = _is(dict, given, where, "object")
    type_ = _is(str, parent.get("type"), f"{where}.type", "str")
    # What lies in nothing else lies in its organization.
    return None if type_ == ORGANIZATION else Entity(type_, _is(str, parent.get("id"), f"{where}.id", "str"))


def _uuid(value: Any, where: str) -> UUID:
    found = uuid_of(_is(str, value, where, "str"))
    if found is None:
        raise wrong(where, "Invalid UUID.")
    return found


def _is(kind: type[T], value: Any, where: str, named: str) -> T:
    if not isinstance(value, kind):
        raise wrong(where, f"Expected `{named}`.")
    return value


def wrong(where: str, said: str) -> Malformed:
    """Return the refusal of a member that is of a wrong type or format."""
    code = "format" if said.startswith("Invalid") else "type"
    return Malformed("The body is not what this address takes.", [FieldError(where, code, said)])
