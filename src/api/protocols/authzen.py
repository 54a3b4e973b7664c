"""The AuthZEN Authorization API 1.0 over HTTP (section 10.1), and explanations beside it."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.handlers import HTTPRouteHandler

from api import headers, reading
from api.closed import closed
from api.endpoint import EDGE, ROUTE, Edge, Route
from api.protocols.authzen_reading import alone, evaluation, evaluations, page, tokens
from api.protocols.authzen_shapes import (
    ActionSearchReply,
    ActionSearchRequest,
    DecisionContext,
    DecisionPoint,
    DecisionReply,
    DecisionsReply,
    EvaluationRequest,
    EvaluationsOptions,
    EvaluationsRequest,
    FoundAction,
    ReplyPage,
    ResourceSearchRequest,
    SearchReply,
    SubjectSearchRequest,
)
from api.refusals import Malformed, NotJson
from api.reply import JSON, Reply, encode, unreached
from core.pipeline import Call
from domain.access.answers import Actions, Decided, Decision, Found
from domain.access.asking import Entity, Evaluation
from domain.access.queries.evaluate_access import EvaluateAccess
from domain.access.queries.evaluate_many import EvaluateMany
from domain.access.queries.explain_access import ExplainAccess
from domain.access.queries.search_actions import SearchActions
from domain.access.queries.search_resources import SearchResources
from domain.access.queries.search_subjects import SearchSubjects
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.usecases import Message, use_case

Token = ConsistencyToken | None
PATHS: Final = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}
EXPLAIN: Final = "/access/v1/explain"


def authzen(url: str) -> Router:
    """Return the routes of the policy decision point that is reached at `url`."""
    found = DecisionPoint(policy_decision_point=url, **{name: f"{url}{path}" for name, path in PATHS.items()})

    @get(
        "/.well-known/authzen-configuration",
        operation_id="ShowDecisionPoint",
        summary="Show where decisions are asked for.",
        tags=["Access"],
    )
    async def metadata() -> Response[DecisionPoint]:
        """Show the metadata of the policy decision point (AuthZEN, section 9)."""
        return Response(found, headers={"cache-control": "public, max-age=300"})

    evaluate, many, subject, resource, action = PATHS.values()
    return Router(
        "/",
        route_handlers=[
            metadata,
            _route(evaluate, EvaluateAccess, EvaluationRequest, DecisionReply, _evaluate),
            _route(many, EvaluateMany, EvaluationsRequest, DecisionsReply, _evaluate_many),
            _route(EXPLAIN, ExplainAccess, EvaluationRequest, DecisionReply, _explain),
            _route(subject, SearchSubjects, SubjectSearchRequest, SearchReply, _search_subjects),
            _route(resource, SearchResources, ResourceSearchRequest, SearchReply, _search_resources),
            _route(action, SearchActions, ActionSearchRequest, ActionSearchReply, _search_actions),
        ],
    )


def _route(
    path: str, message: type[Message[Any]], sends: Any, replies: Any, meant: Callable[[Any, Token], Message[Any]]
) -> HTTPRouteHandler:
    """Answer `path` with what `meant` makes of a body of the type `sends`."""
    kind: Any = message
    case = use_case(message)
    shown = replace(case, result=replies, takes=(*case.takes, ConsistencyToken))
    nothing = closed(kind, f"{case.name}Query", frozenset(each.name for each in fields(kind)))
    read = reading.json_reader(sends)

    async def answer(request: Request[Any, Any, Any]) -> Reply:
        edge: Edge = request.scope["litestar_app"].opt[EDGE]
        given = headers.given(request.scope["headers"])
        try:
            text = await reading.body(given, request.receive, edge.patience)
        except NotJson:
            # What is common to all refusals of that API is 400 (section 10.1.2).
            raise Malformed("The body must be sent as application/json.") from None
        asked = meant(read(text), headers.at_least(given))
        answered = await edge.dispatch(asked, Call(headers.credential(given)))
        return Reply(200, encode(_said(answered.result)), JSON)

    return post(
        path,
        operation_id=case.name,
        include_in_schema=False,
        opt={ROUTE: Route(shown, {}, None, ("body", sends), nothing, None, 200)},
        before_request=answer,
    )(unreached())


def _evaluate(request: EvaluationRequest, token: Token) -> EvaluateAccess:
    return EvaluateAccess(evaluation=_one(request), at_least=tokens(token, [request.context]))


def _explain(request: EvaluationRequest, token: Token) -> ExplainAccess:
    return ExplainAccess(evaluation=_one(request), at_least=tokens(token, [request.context]))


def _one(request: EvaluationRequest) -> Evaluation:
    subject, resource = request.subject, request.resource
    return evaluation(
        Entity(subject.type, subject.id),
        request.action.name,
        Entity(resource.type, resource.id),
        resource.properties,
        request.context,
    )


def _evaluate_many(request: EvaluationsRequest, token: Token) -> EvaluateAccess | EvaluateMany:
    several = request.evaluations or []
    fresh = tokens(token, [request.context, *(each.context for each in several)])
    if not several:
        return EvaluateAccess(evaluation=alone(request), at_least=fresh)
    options = request.options or EvaluationsOptions()
    return EvaluateMany(
        evaluations=evaluations(request, several),
        semantic=options.evaluations_semantic,
        at_least=fresh,
    )


def _search_subjects(request: SubjectSearchRequest, token: Token) -> SearchSubjects:
    resource = request.resource
    wanted = evaluation(
        Entity(request.subject.type),
        request.action.name,
        Entity(resource.type, resource.id),
        resource.properties,
        request.context,
    )
    return SearchSubjects(wanted=wanted, page=page(request.page), at_least=tokens(token, [request.context]))


def _search_resources(request: ResourceSearchRequest, token: Token) -> SearchResources:
    subject = request.subject
    wanted = evaluation(
        Entity(subject.type, subject.id), request.action.name, Entity(request.resource.type), None, request.context
    )
    return SearchResources(wanted=wanted, page=page(request.page), at_least=tokens(token, [request.context]))


def _search_actions(request: ActionSearchRequest, token: Token) -> SearchActions:
    subject, resource = request.subject, request.resource
    wanted = evaluation(
        Entity(subject.type, subject.id),
        "",
        Entity(resource.type, resource.id),
        resource.properties,
        request.context,
    )
    return SearchActions(wanted=wanted, page=page(request.page), at_least=tokens(token, [request.context]))


def _said(result: Decision | Decided | Found | Actions) -> Any:
    match result:
        case Decided(evaluations):
            return DecisionsReply([_decision(each) for each in evaluations])
        case Found(results, token):
            return SearchReply(ReplyPage(token, len(results)), results)
        case Actions(names, token):
            return ActionSearchReply(ReplyPage(token, len(names)), list(map(FoundAction, names)))
        case Decision():
            return _decision(result)


def _decision(found: Decision) -> DecisionReply:
    if found.explanation is None and found.error is None:
        return DecisionReply(found.decision)
    return DecisionReply(found.decision, DecisionContext(found.explanation, found.error))
