"""Ask the issuer, patiently up to a point, and take no more of an answer than is expected."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2

Credential = str | Callable[[], Awaitable[str]]
"""An access token of this service's own, or what gets one: asked before every request, so it should remember."""


class NoAnswer(Exception):
    """The issuer was not reached, or gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the issuer said, whole."""

    status: int
    tag: str | None
    """Its `ETag`."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Issuer:
    """The service that issues tokens, as it is reached over HTTP."""

    client: httpx2.AsyncClient
    address: str
    """Its base URL, without a slash at the end."""
    credential: Credential | None = None

    async def get(self, path: str, *, patience: float, most: int, known: bool = True, **more: Any) -> Answer:
        """Return the answer to a GET, at most `most` bytes long, or raise `NoAnswer` after `patience` seconds.

        With `known` this service says who it is, if it can.
        """
        return await self._ask("GET", path, patience, most, known=known, **more)

    async def post(self, path: str, *, patience: float, most: int, data: dict[str, str]) -> Answer:
        """Return the answer to a form."""
        return await self._ask("POST", path, patience, most, known=True, data=data)

    async def _ask(self, method: str, path: str, patience: float, most: int, *, known: bool, **more: Any) -> Answer:
        try:
            async with asyncio.timeout(patience):
                headers = {"accept-encoding": "identity", "cache-control": "no-cache", **more.pop("headers", {})}
                if known and self.credential is not None:
                    headers["authorization"] = f"Bearer {await self._token()}"
                asked = self.client.stream(
                    method, self.address + path, headers=headers, follow_redirects=False, timeout=None, **more
                )
                async with asked as answer:
                    body = bytearray()
                    async for piece in answer.aiter_bytes():
                        body += piece
                        if len(body) > most:
                            raise NoAnswer("the answer is too long")
                    return Answer(answer.status_code, answer.headers.get("etag"), bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, RuntimeError, TimeoutError, ValueError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def _token(self) -> str:
        if self.credential is None or isinstance(self.credential, str):
            return self.credential or ""
        try:
            return await self.credential()
        except Exception as error:
            raise NoAnswer(f"the credential of this service cannot be had: {error}") from error
