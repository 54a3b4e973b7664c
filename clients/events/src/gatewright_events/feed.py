"""Subscribe over HTTP: `GET /auth/events`, which answers as soon as there is something new."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import uniform
from typing import Any, Final, Generic, TypeVar

import httpx2

from gatewright_events.consumer import Consumer, Later, Outcome

C = TypeVar("C")
Credential = str | Callable[[], Awaitable[str]]
"""An access token of this service's own, or what gets one: asked before every request, so it should remember."""

GONE: Final = 410
REFUSED: Final = frozenset({401, 403})
MOST: Final = 1 << 26
"""The most bytes that an answer may have."""
LEAST_PAUSE: Final = 0.5
MOST_PAUSE: Final = 30.0
"""Seconds between two attempts to reach a feed that does not answer."""
log = logging.getLogger("gatewright_events")


class Refused(Exception):
    """The credential is none, not any more, or may not read events: to ask again with it changes nothing."""


class NoAnswer(Exception):
    """The feed was not reached, or gave no answer that can be used; that may pass."""


@dataclass(slots=True)
class FeedSubscriber(Generic[C]):
    """Have a consumer take what the feed of a Gatewright says, from where it was."""

    consumer: Consumer[C]
    address: str
    """The base URL of Gatewright, without a slash at the end."""
    credential: Credential = field(repr=False)
    """It needs the permission `events:read`."""
    client: httpx2.AsyncClient = field(default_factory=httpx2.AsyncClient)
    limit: int = 100
    wait: int = 20
    """Seconds that the feed is asked to wait for something new, at most 30."""

    async def run(self) -> None:
        """Follow the feed until cancelled; ask ever less often while it does not answer. Raise `Refused`."""
        pause = LEAST_PAUSE
        while True:
            try:
                await self.take(self.wait)
                pause = LEAST_PAUSE
            except (Later, NoAnswer) as error:
                log.warning("asks the feed again in about %g seconds: %s", pause, error)
                await asyncio.sleep(uniform(pause / 2, pause))  # noqa: S311 - nobody gains by guessing it
                pause = min(2 * pause, MOST_PAUSE)

    async def catch_up(self) -> int:
        """Take everything up to the present end of the feed; return how many events were new."""
        new = 0
        while (found := await self.take(0)) is not None:
            new += found
        return new

    async def take(self, wait: int = 0) -> int | None:
        """Take the next part of the feed; return how many of its events were new, None if it has no part yet.

        Raise `Refused`, `NoAnswer`, or what the consumer raises. The place is kept after all of the part was taken.
        """
        part = await self._part(wait)
        new = 0
        for event in part["items"]:
            outcome = await self.consumer.take(event, in_order=True)
            new += outcome in {Outcome.HANDLED, Outcome.BURIED}
        async with self.consumer.inbox.transaction() as open_:
            await open_.move(part["next"])
        return new if part["items"] or part.get("more") else None

    async def _part(self, wait: int) -> dict[str, Any]:
        async with self.consumer.inbox.transaction() as open_:
            cursor = await open_.cursor()
        status, body = await self._ask(cursor, wait)
        if status == GONE and cursor:
            # The log was restored from a backup, or dropped what is old: the inbox tells what is known already.
            log.warning("the place in the feed is gone; reads it from its beginning")
            status, body = await self._ask(None, wait)
        if status in REFUSED:
            raise Refused(f"{self.address} refuses the token ({status})")
        try:
            part: dict[str, Any] = json.loads(body)
            well = status == 200 and isinstance(part["items"], list) and isinstance(part["next"], str)  # noqa: PLR2004
        except (KeyError, TypeError, ValueError) as error:
            raise NoAnswer(f"{self.address} answers {status}, not with events") from error
        if not well:
            raise NoAnswer(f"{self.address} answers {status}")
        return part

    async def _ask(self, cursor: str | None, wait: int) -> tuple[int, bytes]:
        asked = {"limit": str(self.limit), "wait": str(wait)} | ({"after": cursor} if cursor else {})
        try:
            credential = self.credential if isinstance(self.credential, str) else await self.credential()
            headers = {"authorization": f"Bearer {credential}"}
            async with (
                asyncio.timeout(wait + 15),
                self.client.stream(
                    "GET",
                    f"{self.address}/auth/events",
                    params=asked,
                    headers=headers,
                    follow_redirects=False,
                    timeout=None,
                ) as answer,
            ):
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST:
                        raise NoAnswer("the answer is too long")
                return answer.status_code, bytes(body)
        except (httpx2.HTTPError, OSError, RuntimeError, TimeoutError) as error:
            raise NoAnswer(f"{self.address}: {type(error).__name__}") from error
