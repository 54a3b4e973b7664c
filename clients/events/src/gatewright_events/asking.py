"""Ask Gatewright over HTTP, with a credential and within bounds."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

Credential = str | Callable[[], Awaitable[str]]
"""An access token of this service's own, or what gets one.

That is asked before every request, so it should remember; and again when its token is refused, for that may have
expired while something was waited for.
"""
Parameters = Sequence[tuple[str, str]]

MOST: Final = 1 << 26
"""The most bytes that an answer may have."""
SECONDS: Final = 15.0
"""How long an answer may take that nothing was said to wait for."""
OK: Final = 200
EXPIRED: Final = 401
REFUSED: Final = frozenset({EXPIRED, 403})


class Refused(Exception):
    """The credential is none, not any more, or may not read events: to ask again with it changes nothing."""


class NoAnswer(Exception):
    """Gatewright was not reached, or gave no answer that can be used; that may pass."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    body: bytes

    @property
    def code(self) -> str | None:
        """Why it refuses, None if it does not say."""
        found = parsed(self.body)
        code = found.get("code") if isinstance(found, dict) else None
        return code if isinstance(code, str) else None


@dataclass(frozen=True, slots=True)
class Gatewright:
    """The service, as one reader knows it."""

    address: str
    credential: Credential = field(repr=False)
    client: httpx2.AsyncClient

    async def ask(self, path: str, asked: Parameters, seconds: float = SECONDS) -> Answer:
        """Return the answer to a `GET`; raise `Refused`, or `NoAnswer` if there is none within so many seconds."""
        try:
            credential = await self._current()
            answer = await self._get(path, asked, seconds, credential)
            if answer.status == EXPIRED and (fresh := await self._current()) != credential:
                answer = await self._get(path, asked, seconds, fresh)
        except (httpx2.HTTPError, OSError, RuntimeError, TimeoutError) as error:
            raise NoAnswer(f"{self.address}: {type(error).__name__}") from error
        if answer.status in REFUSED:
            raise Refused(f"{self.address} refuses the token ({answer.status})")
        return answer

    async def _current(self) -> str:
        return self.credential if isinstance(self.credential, str) else await self.credential()

    async def _get(self, path: str, asked: Parameters, seconds: float, credential: str) -> Answer:
        async with (
            asyncio.timeout(seconds),
            self.client.stream(
                "GET",
                f"{self.address}{path}",
                params=list(asked),
                headers={"authorization": f"Bearer {credential}"},
                follow_redirects=False,
                timeout=None,
            ) as answer,
        ):
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST:
                    raise NoAnswer("the answer is too long")
        return Answer(answer.status_code, bytes(body))

    def spoilt(self, answer: Answer, wanted: str) -> NoAnswer:
        """Return what to raise when an answer is not what was asked for."""
        said = answer.code if answer.status != OK else f"not with {wanted}"
        return NoAnswer(f"{self.address} answers {answer.status}{f', {said}' if said else ''}")


def parsed(text: bytes) -> Any:
    """Return JSON as it is read, None if it is none."""
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return None
