"""What a generated route answers with: bytes that are ready to send."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Response
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send
from msgspec.json import Encoder

JSON: Final = (b"content-type", b"application/json")
PROBLEM: Final = (b"content-type", b"application/problem+json")

encode: Final = Encoder().encode


def unreached() -> Callable[[], Awaitable[None]]:
    """Return the handler that Litestar wants behind a `before_request` which always answers: it is never called."""

    async def handle() -> None:
        raise AssertionError("before_request has answered")

    return handle


class Reply(Response[Any]):
    """A response that is its own ASGI application: nothing is left to work out when it is sent."""

    def __init__(self, status: int, body: bytes = b"", *headers: tuple[bytes, bytes]) -> None:
        # RFC 9110, section 8.6: 204 has no Content-Length, and that of 304 would be the one of the 200 it stands for.
        length = () if status in {204, 304} else ((b"content-length", b"%d" % len(body)),)
        self.start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, *length],
        }
        self.body = body

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Return the application that sends this answer."""
        return self.send

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - named by ASGI
        """Send this answer, as an ASGI application does."""
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
