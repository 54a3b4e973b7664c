"""Let pages of other origins call this service: exactly those that are listed (Fetch standard, section 3.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from litestar.types import Send

VARY: Final = (b"vary", b"Origin")
CREDENTIALS: Final = (b"access-control-allow-credentials", b"true")
EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Consistency-Token, ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, "
        b"X-Request-Id"
    ),
)
SENT: Final = (
    b"Authorization, Consistency-Token, Content-Type, Device-Token, Idempotency-Key, If-Match, If-None-Match, "
    b"Last-Event-ID, Session-Transport, Traceparent"
)
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"DELETE, GET, HEAD, PATCH, POST, PUT"),
    (b"access-control-allow-headers", SENT),
    (b"access-control-max-age", b"600"),
)


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins whose pages may read answers and send what browsers ask about first. There is no wildcard."""

    origins: frozenset[bytes]

    @classmethod
    def of(cls, listed: Iterable[str]) -> Self:
        """Allow the origins in `listed`, byte for byte."""
        return cls(frozenset(each.encode() for each in listed))

    def telling(self, scope: Any, send: Send) -> Send:
        """Return `send` for the answer to a request, which says whether its origin may read it.

        Every answer says that it depends on the origin, or a cache would show one origin's answer to another.
        """
        origin = self._allowed(scope)
        told = (VARY,) if origin is None else (VARY, (b"access-control-allow-origin", origin), CREDENTIALS, EXPOSED)

        async def tell(event: Any) -> None:
            if event["type"] == "http.response.start":
                event = {**event, "headers": [*event["headers"], *told]}
            await send(event)

        return tell

    def asks(self, scope: Any) -> bool:
        """Return whether a browser asks, for a page of an origin that is listed, what it may send."""
        return (
            scope["method"] == "OPTIONS"
            and any(name == b"access-control-request-method" for name, _ in scope["headers"])
            and self._allowed(scope) is not None
        )

    def _allowed(self, scope: Any) -> bytes | None:
        given = [value for name, value in scope["headers"] if name == b"origin"]
        return given[0] if len(given) == 1 and given[0] in self.origins else None
