"""Let only requests with a good access token through to an ASGI application (RFC 6750)."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from gatewright_verifier.claims import Claims
from gatewright_verifier.errors import InvalidToken, Unavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

POLICY_VIOLATION: Final = 1008
"""Why a WebSocket is closed (RFC 6455, section 7.4.1) where its handshake cannot be answered with a status."""


class Verifies(Protocol):
    """Anything that verifies tokens as `AccessTokenVerifier` does."""

    async def verify(self, token: bytes) -> Claims: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer as the issuer itself would give it: problem details (RFC 9457) with a permanent code."""

    status: int
    code: str
    title: str
    more: tuple[tuple[bytes, bytes], ...]

    def body(self) -> bytes:
        """Return the JSON."""
        return msgspec.json.encode({"title": self.title, "status": self.status, "code": self.code})


UNAUTHENTICATED: Final = Refusal(401, "access.unauthenticated", "Sign in first.", ((b"www-authenticate", b"Bearer"),))
INVALID: Final = Refusal(
    401,
    "access.invalid_token",
    "The token is expired, revoked, or none of ours.",
    ((b"www-authenticate", b'Bearer error="invalid_token"'),),
)


class BearerMiddleware:
    """Verify the bearer token of every request; `request.user` and `request.auth` are then its `Claims`.

    Without a token, with a bad one, or with two, the answer is 401; while nobody can say, 503 with `Retry-After`.
    """

    def __init__(self, app: App, verifier: Verifies, *, public: Collection[str] = (), anonymous: bool = False) -> None:
        """Protect `app`, but for the paths `public`; with `anonymous` nobody needs a token, and `user` may be None."""
        self.app = app
        self.verifier = verifier
        self.public = frozenset(public)
        self.anonymous = anonymous

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in {"http", "websocket"} or scope["path"] in self.public:
            await self.app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if not given and self.anonymous:
            found: Claims | Refusal | None = None
        else:
            found = await self._judge(given)
        if isinstance(found, Refusal):
            await _refuse(scope, send, found)
            return
        scope["user"] = scope["auth"] = found
        await self.app(scope, receive, send)

    async def _judge(self, given: list[bytes]) -> Claims | Refusal:
        if not given:
            return UNAUTHENTICATED
        scheme, _, token = given[0].partition(b" ")
        if len(given) > 1 or scheme.lower() != b"bearer":
            # Of two credentials nobody knows which one a proxy looked at.
            return INVALID
        try:
            return await self.verifier.verify(token)
        except InvalidToken:
            return INVALID
        except Unavailable as error:
            seconds = b"%d" % error.retry_after
            return Refusal(503, "service.unavailable", "Try again after a moment.", ((b"retry-after", seconds),))


async def _refuse(scope: Scope, send: Send, why: Refusal) -> None:
    socket = scope["type"] == "websocket"
    if socket and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": why.code})
        return
    body = why.body()
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *why.more,
    ]
    kind = "websocket.http.response" if socket else "http.response"
    await send({"type": f"{kind}.start", "status": why.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
