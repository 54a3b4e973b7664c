"""Questions about access over HTTP: bodies and answers as the AuthZEN API has them (section 10.1)."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler

from api import headers, reading
from api.closed import closed
from api.endpoint import EDGE, Edge
from api.refusals import Malformed, NotJson
from api.reply import JSON, Reply, encode, unreached
from api.route import ROUTE, Route
from core.pipeline import Call
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import DomainError
from domain.kernel.usecases import Message, use_case

Token = ConsistencyToken | None


def question(
    path: str,
    message: type[Message[Any]],
    sends: Any,
    replies: Any,
    meant: Callable[[Any, Token], Message[Any]],
    said: Callable[[Any], Any],
    *,
    fresh: bool = True,
    raises: tuple[type[DomainError], ...] = (),
) -> HTTPRouteHandler:
    """Answer `path` with what `meant` makes of a body of the type `sends`; `said` makes `replies` of the result.

    Unless the question is `fresh` by itself a `Consistency-Token` is documented. It may be refused for `raises` too.
    """
    kind: Any = message
    case = use_case(message)
    takes = (*case.takes, ConsistencyToken) if fresh else case.takes
    refused = tuple(dict.fromkeys((*case.raises, *raises)))
    shown = replace(case, result=replies, takes=takes, raises=refused)
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
        return Reply(200, encode(said(answered.result)), JSON)

    return post(
        path,
        operation_id=case.name,
        include_in_schema=False,
        opt={ROUTE: Route(shown, {}, None, ("body", sends), nothing, None, 200)},
        before_request=answer,
    )(unreached())
