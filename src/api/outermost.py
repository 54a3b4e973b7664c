"""What surrounds every request, the ones that match no route included."""

from asyncio import CancelledError
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import getrandbits, random
from re import compile as pattern
from time import perf_counter
from typing import Any, Final, Protocol

from litestar.types import ASGIApp, Receive, Scope, Send

from api.cors import PREFLIGHT, Cors
from api.problems import failed, refused
from api.refusals import Malformed
from api.reply import Reply
from core.logs import TRACE_ID

HARDENED: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    # What is not said here, the server says of itself.
    (b"server", b"gatewright"),
    (b"x-content-type-options", b"nosniff"),
)
"""Of every answer, unless it brings its own."""
OVERRIDES: Final = frozenset({b"allow", *dict(HARDENED)})
HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
UNMATCHED: Final = "unmatched"
ECHOING: Final = "/access/v1/"
PRINTABLE: Final = pattern(rb"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?").fullmatch
HANDLED: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER: Final = "OTHER"
GONE: Final = 499
"""The status reported of a request that was abandoned before it was answered."""


class Observer(Protocol):
    """Told about every request once it is over: the access log, the metrics.

    `route` is the template of the path, and `method` one of those HTTP names, so that neither grows with what is sent.
    """

    def __call__(self, method: str, route: str, status: int, seconds: float, trace_id: str) -> None: ...


class Tracing(Protocol):
    """Run one sampled request inside a span."""

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None: ...


@dataclass(frozen=True, slots=True)
class Outermost:
    """Name, time, harden and report every request.

    It wraps `Litestar.asgi_handler`: a middleware of Litestar's own is not run for a path that no route matches.
    """

    app: ASGIApp
    observers: Sequence[Observer] = ()
    tracing: Tracing | None = None
    share: float = 0
    """The part of requests that are traced, from 0 to 1."""
    allowed: Mapping[str, bytes] = field(default_factory=dict)
    """The methods of each path template. Litestar's own answer to OPTIONS knows only the first one registered."""
    cors: Cors | None = None
    """Who else may call; without it pages of no other origin."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request; pass anything else on."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = perf_counter()
        trace_id = scope["trace_id"] = getrandbits(128).to_bytes(16).hex()
        TRACE_ID.set(trace_id)
        named = (b"x-request-id", _asked(scope) or trace_id.encode())
        always = (*HARDENED, HSTS, named) if scope["scheme"] == "https" else (*HARDENED, named)
        method = scope["method"]
        head = method == "HEAD"
        if head:
            scope["method"] = "GET"
        status = 0

        async def hardened(event: Any) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
                event = {**event, "headers": _headers(event["headers"], always)}
            elif head:
                event = {**event, "body": b""}
            await send(event)

        respond = self.cors.telling(scope, hardened) if self.cors else hardened
        try:
            await self._answered(scope, receive, respond)
        except CancelledError:
            status = status or GONE
            raise
        except Exception as error:
            reply = failed(error, trace_id, scope.get("path_template", UNMATCHED))
            if status:
                raise
            await reply.send(scope, receive, respond)
        finally:
            route = scope.get("path_template", UNMATCHED)
            seconds = perf_counter() - started
            for observe in self.observers:
                observe(method if method in HANDLED else OTHER, route, status or 500, seconds, trace_id)

    def _answered(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        if _has_nul(scope):
            reply = refused(Malformed("The request contains U+0000."), scope["trace_id"])
            return reply.send(scope, receive, send)
        if self.cors and self.cors.asks(scope):
            return Reply(204, b"", *PREFLIGHT).send(scope, receive, send)
        if self.tracing and random() < self.share:  # noqa: S311 - a sample, not a secret
            return self.tracing(self.app, scope, receive, send)
        if scope["method"] == "OPTIONS":
            return self.app(scope, receive, self._listing(scope, send))
        return self.app(scope, receive, send)

    def _listing(self, scope: Any, send: Send) -> Send:
        async def listed(event: Any) -> None:
            if event["type"] == "http.response.start" and (allow := self.allowed.get(scope.get("path_template", ""))):
                others = [each for each in event["headers"] if each[0] != b"allow"]
                event = {**event, "headers": [*others, (b"allow", allow)]}
            await send(event)

        return listed


def _asked(scope: Any) -> bytes | None:
    """Return the request identifier that the caller of the AuthZEN API chose (section 10.1.3), if it can be echoed."""
    if not scope["path"].startswith(ECHOING):
        return None
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return given[0] if len(given) == 1 and PRINTABLE(given[0]) else None


def _has_nul(scope: Any) -> bool:
    """Return whether U+0000 is in the address or a header: nothing of ours could keep it, and Postgres fails on it."""
    query = scope["query_string"]
    if "\0" in scope["path"] or (query and (b"%00" in query or 0 in query)):
        return True
    for _, value in scope["headers"]:  # noqa: SIM110 - a third of the price of `any`
        if 0 in value:  # a quarter of the price of `b"\0"`
            return True
    return False


def _headers(sent: Iterable[tuple[bytes, bytes]], always: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
    for name, _ in sent:
        if name in OVERRIDES:
            own = {each for each, _ in sent}
            return [*map(_with_head, sent), *(each for each in always if each[0] not in own)]
    return [*sent, *always]


def _with_head(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    if name != b"allow" or b"GET" not in value or b"HEAD" in value:
        return header
    return name, value.replace(b"GET", b"GET, HEAD")
