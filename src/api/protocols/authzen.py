"""The AuthZEN Authorization API 1.0 over HTTP (section 10.1), with explanations and simulations beside it."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Response, Router, get
from litestar.handlers import HTTPRouteHandler

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
from api.protocols.questions import Token, question
from api.protocols.simulation import simulation
from domain.access.answers import Actions, Decided, Decision, Found
from domain.access.asking import Entity, Evaluation
from domain.access.queries.evaluate_access import EvaluateAccess
from domain.access.queries.evaluate_many import EvaluateMany
from domain.access.queries.explain_access import ExplainAccess
from domain.access.queries.search_actions import SearchActions
from domain.access.queries.search_resources import SearchResources
from domain.access.queries.search_subjects import SearchSubjects
from domain.kernel.usecases import Message

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
            _question(evaluate, EvaluateAccess, EvaluationRequest, DecisionReply, _evaluate),
            _question(many, EvaluateMany, EvaluationsRequest, DecisionsReply, _evaluate_many),
            _question(EXPLAIN, ExplainAccess, EvaluationRequest, DecisionReply, _explain),
            simulation(),
            _question(subject, SearchSubjects, SubjectSearchRequest, SearchReply, _search_subjects),
            _question(resource, SearchResources, ResourceSearchRequest, SearchReply, _search_resources),
            _question(action, SearchActions, ActionSearchRequest, ActionSearchReply, _search_actions),
        ],
    )


def _question(
    path: str, message: type[Message[Any]], sends: Any, replies: Any, meant: Callable[[Any, Token], Message[Any]]
) -> HTTPRouteHandler:
    return question(path, message, sends, replies, meant, _said)


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
