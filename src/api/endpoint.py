"""Make a route out of a use case's declaration."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final, get_type_hints

from litestar import Request, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.types import Receive, Scope

from api import cookies, headers, rate_limits, reading
from api.closed import closed, limited
from api.cookies import Pages
from api.headers import Given
from api.origins import Origins
from api.patience import Patience
from api.refusals import Malformed
from api.reply import JSON, Reply, encode, unreached
from api.room import Room
from api.route import ROUTE, Route
from api.streaming import Flow, Streamed
from core.pipeline import Answer, Call
from domain.kernel.access import Origin
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.usecases import Message, UseCase, use_case

EDGE: Final = "edge"
NOWHERE: Final = Origin()
PARAMETER: Final = re.compile(r"{(\w+):(\w+)}")
REPLAYED: Final = (b"idempotency-replayed", b"true")

Read = Callable[[Scope, Receive, Given, Patience], Awaitable[Message[Any]]]


@dataclass(frozen=True, slots=True)
class Edge:
    """What generated routes need of the application that they are part of; it travels in `opt`."""

    dispatch: Callable[[Message[Any], Call], Awaitable[Answer[Any]]]
    origins: Origins
    patience: Patience
    pages: Pages


Attend = Callable[[Scope, Given, Edge], Call]


def endpoint(
    verb: Callable[..., Any],
    path: str,
    message: type[Message[Any]],
    *,
    status: int | None = None,
    room: Room | None = None,
    tells: Mapping[str, str] = MappingProxyType({}),
    cookie: str | None = None,
    forgets: bool = False,
    forwarded: bool = False,
    flow: Flow | None = None,
) -> HTTPRouteHandler:
    """Answer `verb path` with `message`, whose use case must be declared already.

    `{name:uuid}` and `{name:str}` in `path` fill the message's fields of that name, `If-Match` the one declared with
    `if_match()`, and the whole JSON body the one declared with `whole_body()`. The others are members of the JSON body
    of `post`, `put` and `patch`; where the body is taken already, and for other verbs, they come from the query.
    `status` is that of success: without it 204 if there is no result, 201 for `post`, else 200. `room` is for bodies
    that may be larger than those of other routes. `tells` names headers of the answer, each with the field of the
    result that it repeats: a header is there whatever the field is, empty for None.

    A result of `Tokens` goes into cookies if a page asks for that; `cookie` names the field that the refresh token in
    such a cookie fills. With `forgets` a browser that came with cookies loses them. With `forwarded` the request stands
    for one that a proxy holds, the method of which decides whether a cookie is enough. `flow` says how a `Stream` is
    sent; what refuses it is answered as of any other route, before its first part.

    The answer is Litestar's `before_request`, which comes before the framework takes the request apart: that costs
    half as much as a handler does. The handler behind it is never reached.
    """
    case = use_case(message)
    kinds: dict[str, str] = dict(PARAMETER.findall(path))
    default = 204 if case.result is type(None) else 201 if verb is post else 200
    route = _route(case, tuple(kinds), status or default, sends=verb in {post, put, patch})
    route = replace(route, tells=tells, cookie=cookie, forwarded=forwarded, cookies=True)
    route = replace(route, media=flow.media.decode() if flow else None)

    takes = {name: _segment(each, route.segments[name]) for name, each in kinds.items()}
    read, attend = _reader(route, takes, room), attendant(case, forwarded=forwarded)
    made: HTTPRouteHandler = verb(
        PARAMETER.sub(r"{\1:str}", path),
        operation_id=case.name,
        include_in_schema=False,
        opt={ROUTE: route},
        before_request=_streamed(read, attend, flow)
        if flow
        else _answer(read, attend, route, readable=verb is get, forgets=forgets),
    )(unreached())
    return made


def _route(case: UseCase, path: Sequence[str], status: int, *, sends: bool) -> Route:
    """Say where each field of the message comes from."""
    kind: Any = case.message
    hints = get_type_hints(kind, include_extras=True)
    known = {each.name: each.metadata for each in fields(kind)}
    matched = next((name for name, each in known.items() if each.get("header") == "if-match"), None)
    resumed = next((name for name, each in known.items() if each.get("header") == "last-event-id"), None)
    whole = next((name for name, each in known.items() if each.get("body") == "whole"), None)
    taken = frozenset(name for name in (*path, matched, resumed, whole) if name)
    body = closed(kind, f"{case.name}Body", taken) if sends and not whole and len(known) > len(taken) else None
    return Route(
        case,
        {name: limited(hints[name]) for name in path},
        body,
        (whole, limited(hints[whole])) if whole else None,
        closed(kind, f"{case.name}Query", frozenset(known) if body else taken),
        matched,
        status,
        resumed=resumed,
    )


def _answer(
    read: Read, attend: Attend, route: Route, *, readable: bool, forgets: bool
) -> Callable[[Request[Any, Any, Any]], Awaitable[Reply]]:
    status, hands_out, limited_ = route.status, route.hands_out, route.limited
    refreshed, renewed = bool(route.cookie), route.case.access.signed_in
    tells = [(name.lower().encode(), each) for name, each in route.tells.items()]

    async def answer(request: Request[Any, Any, Any]) -> Reply:
        scope = request.scope
        edge: Edge = scope["litestar_app"].opt[EDGE]
        given = headers.given(scope["headers"])
        keeps = hands_out and edge.pages.asked(given)
        message = await read(scope, request.receive, given, edge.patience)
        call = attend(scope, given, edge)
        met = rate_limits.listen(scope) if limited_ else ()
        if forgets:
            answered = await cookies.left(given, edge.dispatch, edge.pages, message, call)
        else:
            answered = await edge.dispatch(message, call)
        more: list[tuple[bytes, bytes]] = []
        if answered.token:
            more.append((b"consistency-token", str(answered.token).encode()))
        if answered.replayed:
            more.append(REPLAYED)
        more += rate_limits.headers(met) if met else ()
        result = answered.result
        if keeps:
            result, kept = await cookies.moved(
                given, edge.dispatch, call, answered, refreshed=refreshed, renewed=renewed
            )
            more += kept
        elif forgets:
            more += cookies.forgotten(given)
        if result is None:
            return Reply(status, b"", *more)
        more += _told(tells, result) if tells else ()
        version = getattr(result, "version", None)
        if isinstance(version, int):
            tag = b'"%d"' % version
            more.append((b"etag", tag))
            if readable and headers.is_known(given, tag):
                return Reply(304, b"", *more)
        return Reply(status, encode(result), JSON, *more)

    return answer


def _streamed(read: Read, attend: Attend, flow: Flow) -> Callable[[Request[Any, Any, Any]], Awaitable[Streamed]]:
    async def answer(request: Request[Any, Any, Any]) -> Streamed:
        scope = request.scope
        edge: Edge = scope["litestar_app"].opt[EDGE]
        given = headers.given(scope["headers"])
        message = await read(scope, request.receive, given, edge.patience)
        flow.enter()
        try:
            answered = await edge.dispatch(message, attend(scope, given, edge))
            return Streamed(flow, answered.result)
        except BaseException:
            flow.leave()
            raise

    return answer


def _told(tells: Sequence[tuple[bytes, str]], result: Any) -> list[tuple[bytes, bytes]]:
    values = [(name, getattr(result, each)) for name, each in tells]
    return [(name, b"" if value is None else str(value).encode("ascii")) for name, value in values]


def _reader(route: Route, segments: Mapping[str, Callable[[str], Any]], room: Room | None) -> Read:
    """Make the function that reads the message from a request."""
    message, matched, resumed = route.case.message, route.matched, route.resumed
    from_body = reading.body_reader(route.body, route.whole)
    from_query = reading.query_reader(route.query)

    async def read(scope: Scope, receive: Receive, given: Given, patience: Patience) -> Message[Any]:
        values: dict[str, Any] = {}
        for name, take in segments.items():
            values[name] = take(scope["path_params"][name])
        if matched:
            values[matched] = headers.if_match(given)
        if resumed:
            values[resumed] = headers.last_event_id(given)
        values |= from_query(scope["query_string"])
        if route.cookie and cookies.TRANSPORT in given:
            if given.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in given:
                raise Malformed("A refresh token comes in the cookie or in the body, not in both.")
            values[route.cookie] = cookies.refresh_token(given)
        elif from_body:
            with room.taken(given) if room else nullcontext(reading.LARGEST) as largest:
                values |= from_body(await reading.body(given, receive, patience, largest))
        elif b"content-length" in given or b"transfer-encoding" in given:
            await reading.ignored(given, receive, patience)
        return message(**values)

    return read


def attendant(case: UseCase, *, forwarded: bool = False) -> Attend:
    """Make the function that finds what comes with the message, as far as anything asks for it.

    A token in `Authorization` counts before one in a cookie, which browsers send without being told to.
    """
    writes = case.writes
    records = writes or case.audit is not None
    places, fresh = records or Origin in case.takes, records or ConsistencyToken in case.takes
    named = case.access.signed_in

    def attend(scope: Any, given: Given, edge: Edge) -> Call:
        credential = headers.credential(given)
        if credential is None and named and b"cookie" in given:
            method = edge.origins.method(scope, given) if forwarded else scope["method"]
            credential = edge.pages.credential(method, given)
        if not (places or fresh):
            return Call(credential)
        return Call(
            credential,
            edge.origins(scope, given) if places else NOWHERE,
            headers.idempotency_key(given) if writes else None,
            headers.at_least(given) if fresh else None,
            headers.traceparent(given, scope["trace_id"]) if records else None,
        )

    return attend


def _segment(kind: str, hint: Any) -> Callable[[str], Any]:
    match kind:
        case "uuid":
            return reading.uuid
        case "str":
            return reading.segment(hint)
    raise TypeError(f"{kind} is not a kind of path parameter: uuid and str are")
