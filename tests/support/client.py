"""A client that can be as rude as the tests need."""

from asyncio import Event
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Litestar

Headers = Mapping[str, str] | Sequence[tuple[str, str | bytes]]

JSON = {"content-type": "application/json"}
STALL = None
"""A piece of a body that never comes."""


@dataclass(frozen=True)
class Answer:
    """What came back, byte for byte."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name; none of ours comes twice."""
        assert len({name for name, _ in self.fields}) == len(self.fields), self.fields
        return dict(self.fields)

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


@dataclass
class Client:
    """Call an application in this process as a server does."""

    app: Litestar
    token: str | None = None
    peer: str | None = "127.0.0.1"
    scheme: str = "http"
    stalled: Event = field(default_factory=Event)
    """Set once the application waits for a piece that never comes."""

    async def __call__(
        self,
        method: str,
        path: str | bytes,
        body: bytes | Sequence[bytes | None] = b"",
        headers: Headers = (),
        *,
        hang_up: bool = False,
    ) -> Answer:
        """Send a request, its body in one piece or in many; with `hang_up` the last piece is not the end of it."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        raw, _, query = (path.encode() if isinstance(path, str) else path).partition(b"?")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote_to_bytes(raw).decode("utf-8", "surrogateescape"),
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": self._headers(headers),
            "client": (self.peer, 1) if self.peer else None,
            "server": ("127.0.0.1", 2),
            "scheme": self.scheme,
            "http_version": "1.1",
            "asgi": {"version": "3.0"},
        }
        sent: list[Any] = []

        async def receive() -> Any:
            if not pieces:
                if not hang_up:
                    await Event().wait()
                return {"type": "http.disconnect"}
            piece = pieces.pop(0)
            if piece is STALL:
                self.stalled.set()
                await Event().wait()
            return {"type": "http.request", "body": piece, "more_body": bool(pieces) or hang_up}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.app(scope, receive, send)  # type: ignore[arg-type]  # a scope as servers make it
        return Answer(
            sent[0]["status"],
            [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]],
            b"".join(event["body"] for event in sent[1:]),
        )

    async def send(self, method: str, path: str, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send `value` as JSON."""
        return await self(method, path, msgspec.json.encode(value), {**JSON, **(headers or {})})

    def _headers(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        more = list(headers.items() if isinstance(headers, Mapping) else headers)
        token = [("authorization", f"Bearer {self.token}")] if self.token else []
        return [
            (name.lower().encode("latin-1"), value.encode("latin-1") if isinstance(value, str) else value)
            for name, value in [("host", "example.com"), *token, *more]
        ]
