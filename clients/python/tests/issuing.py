"""An issuer in this process: what it publishes, revokes and says, and how it fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2
import msgspec

from gatewright_verifier.access_tokens import AccessTokenVerifier
from gatewright_verifier.asking import Issuer
from minting import AUDIENCE, ISSUER, K1, published

CREDENTIAL = "a credential of this service"


@dataclass
class FakeIssuer:
    """Answers as the service does."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [K1])
    markers: list[dict[str, Any]] = field(default_factory=list)
    active: bool = True
    log: str = "log1"
    dismisses: bool = False
    """Refuse every credential."""
    failing: int | None = None
    """Answer everything with this status."""
    body: bytes | None = None
    """Answer everything with this."""
    more: list[tuple[bytes, bytes]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Paths with their queries."""
    given: list[dict[str, str]] = field(default_factory=list)
    """Headers."""
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, nothing is answered."""
    at_once: list[int] = field(default_factory=lambda: [0])
    """How many questions were under way, after each that came or went."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    questions: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.open.set()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self)) as client:
            yield client

    @asynccontextmanager
    async def reached(self, credential: Any = None) -> AsyncIterator[Issuer]:
        async with self.client() as client:
            yield Issuer(client, ISSUER, credential)

    @asynccontextmanager
    async def verifier(self, *, bound: float = 600, **more: Any) -> AsyncIterator[AccessTokenVerifier]:
        """Lend a verifier that is not started, and that a test which is held up does not find out of date."""
        async with self.client() as client:
            yield AccessTokenVerifier(ISSUER, AUDIENCE, client=client, bound=bound, **more)

    async def revoke(self, **marker: Any) -> None:
        async with self.changed:
            self.markers.append(marker)
            self.changed.notify_all()

    async def until_asked(self, path: str, times: int = 1) -> None:
        """Wait until it has been asked that often."""
        async with asyncio.timeout(60), self.questions:
            await self.questions.wait_for(lambda: self.count(path) >= times)

    def count(self, path: str) -> int:
        return sum(each.partition("?")[0] == path for each in self.asked)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path, query = scope["path"], scope["query_string"].decode()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        text = b""
        while (event := await receive())["type"] == "http.request":
            text += event.get("body", b"")
            if not event.get("more_body"):
                break
        async with self.questions:
            self.asked.append(f"{path}?{query}" if query else path)
            self.given.append(headers)
            self.questions.notify_all()
        self.at_once.append(self.at_once[-1] + 1)
        try:
            await self.open.wait()
        finally:
            self.at_once.append(self.at_once[-1] - 1)
        status, body, tag = await self._answer(path, parse_qs(query), headers, text)
        more = [(b"etag", tag.encode())] if tag else []
        await send({"type": "http.response.start", "status": self.failing or status, "headers": [*more, *self.more]})
        await send({"type": "http.response.body", "body": body if self.body is None else self.body})

    async def _answer(
        self, path: str, query: dict[str, list[str]], headers: dict[str, str], text: bytes
    ) -> tuple[int, bytes, str | None]:
        if path == "/.well-known/jwks.json":
            body = published(*self.keys).encode()
            tag = f'"{hash(body)}"'
            return (304, b"", tag) if headers.get("if-none-match") == tag else (200, body, tag)
        if path == "/auth/introspect":
            self.forms.append(parse_qs(text.decode()))
            return 200, msgspec.json.encode({"active": self.active, "more": 1}), None
        if path == "/auth/revocations" and self.dismisses:
            return 401, b"{}", None
        if path == "/auth/revocations":
            return *await self._told(query.get("after", [None])[0], float(query.get("wait", ["0"])[0])), None
        return 404, b"", None

    async def _told(self, after: str | None, wait: float) -> tuple[int, bytes]:
        log, _, position = (after or f"{self.log}.0").partition(".")
        if log != self.log:
            return 410, b"{}"
        with suppress(TimeoutError):
            async with asyncio.timeout(wait), self.changed:
                await self.changed.wait_for(lambda: after is None or len(self.markers) > int(position))
        markers = self.markers[int(position) :]
        return 200, msgspec.json.encode({"markers": markers, "next": f"{self.log}.{len(self.markers)}"})
