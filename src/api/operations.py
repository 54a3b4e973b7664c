"""One generated route as an OpenAPI operation."""

from inspect import cleandoc
from itertools import groupby
from typing import Any, Final

from msgspec import to_builtins

from api.cookies import CookieTokens
from api.problems import Problem, refusals
from api.refusals import NotForm, NotJson
from api.route import Route
from api.schemas import Schemas, parts
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.usecases import Query, UseCase

DONE: Final = {200: "Done.", 201: "Created.", 202: "Accepted; the rest happens later.", 204: "Done, with no result."}
PROBLEMS: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PARAMETERS: Final = {
    "ConsistencyToken": {
        "name": "Consistency-Token",
        "in": "header",
        "description": "Answer at least as freshly as the command that returned this token.",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Run the command once, however often it is sent with this key; plain or as a quoted string. "
        "Without a signed-in caller it counts together with the body: with another body it is another command.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Change only this version: the `ETag` it was read with. `*` means any.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answer 304 if the version is still this one: the `ETag` it was read with.",
        "schema": {"type": "string"},
    },
    "DeviceToken": {
        "name": "Device-Token",
        "in": "header",
        "description": "The `device_token` of an earlier sign-in on this device, which nobody else can lock out then.",
        "schema": {"type": "string"},
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The `id` of the last event that was received: go on behind it, whatever `after` says.",
        "schema": {"type": "string"},
    },
    "SessionTransport": {
        "name": "Session-Transport",
        "in": "header",
        "description": "Put the tokens into cookies, which no script can read; only pages of our own origin may.",
        "schema": {"type": "string", "enum": ["cookie"]},
    },
}
HEADERS: Final = {
    "ConsistencyToken": {
        "description": "What a later read sends back to see this command's effect.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": 'The version, as a strong entity tag: `"7"`.', "schema": {"type": "string"}},
    "IdempotencyReplayed": {
        "description": "The command ran before under this key; this is what it answered then.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit": {
        "description": "What is left of each limit that the request met (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
    },
    "RateLimitPolicy": {
        "description": "How many requests each of these limits admits, and in how many seconds.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "SetCookie": {
        "description": "The tokens, each in a cookie of its own, if `Session-Transport: cookie` was sent.",
        "schema": {"type": "string"},
    },
    "WWWAuthenticate": {"description": "How to authenticate (RFC 6750).", "schema": {"type": "string"}},
}
OF_STATUS: Final = {
    401: ("WWW-Authenticate",),
    429: ("RateLimit", "RateLimit-Policy", "Retry-After"),
    503: ("Retry-After",),
}


def operation(route: Route, schemas: Schemas, examples: dict[str, Any]) -> dict[str, Any]:
    """Describe `route`; add an example of each refusal to `examples`."""
    case = route.case
    summary, description = _explain(case)
    shown: dict[str, Any] = {"operationId": case.name, "tags": [capability(case)], "summary": summary}
    if description:
        shown["description"] = description
    shown["parameters"] = [*_segments(route, schemas), *_query(route, schemas), *_headers(route)]
    if route.sends:
        media = "application/x-www-form-urlencoded" if route.form else "application/json"
        shown["requestBody"] = {"required": True, "content": {media: {"schema": schemas[route.sends]}}}
    shown["responses"] = {**_success(route, schemas), **_refusals(route, examples)}
    schemes = ("bearer", "cookie") if route.cookies else ("bearer",)
    shown["security"] = [{each: []} for each in schemes] if case.access.signed_in else []
    return shown


def capability(case: UseCase) -> str:
    """Return what the message belongs to: the second part of its module's name, `domain.<capability>.…`."""
    return case.message.__module__.split(".")[:2][-1].capitalize()


def _explain(case: UseCase) -> tuple[str, str]:
    """Return the first line of the message's docstring, and the rest with what the use case requires."""
    summary, _, rest = cleandoc(case.message.__doc__ or "").partition("\n")
    where = " on the resource" if case.access.on else ""
    required = f"Requires `{case.access.permission}`{where}." if case.access.permission else ""
    proved = "Requires having signed in within the last minutes (RFC 9470)." if case.access.recent else ""
    return summary, "\n\n".join(filter(None, (rest.strip(), required, proved)))


def _segments(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas[kind]} for name, kind in route.segments.items()
    ]


def _query(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    schema = schemas[route.query.struct]
    return [
        {"name": name, "in": "query", "required": name in schema["required"], "schema": _without_null(each)}
        for name, each in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what a query cannot say."""
    kept = {key: each for key, each in schema.items() if key != "anyOf" and (key, each) != ("default", None)}
    some = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return kept | (some[0] if len(some) == 1 else {"anyOf": some} if some else {})


def _headers(route: Route) -> list[dict[str, Any]]:
    names = {
        "IdempotencyKey": route.case.writes,
        "IfMatch": route.matched is not None,
        "LastEventId": route.resumed is not None,
        "IfNoneMatch": _versioned(route) and not route.case.writes,
        "ConsistencyToken": ConsistencyToken in route.case.takes,
        "DeviceToken": route.hands_out and route.cookie is None,
        "SessionTransport": route.hands_out,
    }
    return [{"$ref": f"#/components/parameters/{name}"} for name, wanted in names.items() if wanted]


def _success(route: Route, schemas: Schemas) -> dict[str, Any]:
    headers = {
        "Consistency-Token": route.case.writes,
        "ETag": _versioned(route),
        "Idempotency-Replayed": route.case.writes,
        "RateLimit": route.limited,
        "RateLimit-Policy": route.limited,
        "Set-Cookie": route.hands_out,
    }
    shown: dict[str, Any] = {"description": DONE.get(route.status, "Done.")}
    sent: dict[str, Any] = {name: _header(name) for name, wanted in headers.items() if wanted}
    for name, each in route.tells.items():
        sent[name] = {"description": f"`{each}` of the body, empty if it is null.", "schema": {"type": "string"}}
    if sent:
        shown["headers"] = sent
    if route.media:
        told = {"anyOf": [schemas[each] for each in parts(route.case.result)]}
        shown["description"] = "Done; what follows is each line, or each message."
        shown["content"] = {route.media: {"schema": told}}
    elif route.case.result is not type(None):
        schema = schemas[route.case.result]
        told = {"anyOf": [schema, schemas[CookieTokens]]} if route.hands_out else schema
        shown["content"] = {"application/json": {"schema": told}}
    found = {str(route.status): shown}
    if _versioned(route) and issubclass(route.case.message, Query):
        found["304"] = {"description": "The version is still this one.", "headers": {"ETag": _header("ETag")}}
    return found


def _refusals(route: Route, examples: dict[str, Any]) -> dict[str, Any]:
    body = None if route.sends is None else NotForm if route.form else NotJson
    crossed = route.changes or route.hands_out
    found = refusals(
        route.case, path=bool(route.segments), body=body, if_match=route.matched is not None, crossed=crossed
    )
    return {str(status): _refusal(status, list(same), examples) for status, same in groupby(found, _status)}


def _refusal(status: int, found: list[Problem], examples: dict[str, Any]) -> dict[str, Any]:
    examples |= {each.code: {"summary": each.title, "value": to_builtins(each)} for each in found}
    media = PROBLEMS["application/problem+json"] | {
        "examples": {each.code: {"$ref": f"#/components/examples/{each.code}"} for each in found}
    }
    names = OF_STATUS.get(status)
    return {
        "description": " ".join(dict.fromkeys(each.title for each in found)),
        **({"headers": {name: _header(name) for name in names}} if names else {}),
        "content": {"application/problem+json": media},
    }


def _status(found: Problem) -> int:
    return found.status


def _versioned(route: Route) -> bool:
    return "version" in getattr(route.case.result, "__dataclass_fields__", {})


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name.replace('-', '')}"}
