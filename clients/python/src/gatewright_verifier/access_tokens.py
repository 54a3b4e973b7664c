"""Verify access tokens in another service: offline, current within a stated bound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from logging import getLogger
from typing import Any, Self

import httpx2

from gatewright_verifier.asking import Credential, Issuer, NoAnswer
from gatewright_verifier.claims import Claims, same
from gatewright_verifier.errors import InvalidToken, Unavailable, UnknownKey
from gatewright_verifier.following import RevocationFollower
from gatewright_verifier.introspection import Introspection
from gatewright_verifier.published_keys import PublishedKeys
from gatewright_verifier.revocations import Revocations
from gatewright_verifier.tokens import LEEWAY, Token, VerifiedTokens, Verifier

_log = getLogger(__name__)


class Policy(StrEnum):
    """What becomes of a good token when this process has not heard of revocations for longer than the bound."""

    FAIL_CLOSED = "fail-closed"
    """Refuse it for the time being: 503."""
    FAIL_OPEN = "fail-open"
    """Accept it until it expires, unless it is known to be revoked: nothing stops what was revoked since."""
    INTROSPECT = "introspect"
    """Ask the issuer about it (RFC 7662); without an answer refuse it for the time being: 503."""


@dataclass(slots=True)
class AccessTokenVerifier:
    """Verify Gatewright's access tokens. Use it for as long as the process lives: `async with verifier`."""

    issuer: str
    """`iss` of the tokens: what the issuer is configured to call itself."""
    audience: str
    """`aud` of the tokens that are meant for this service."""
    credential: Credential | None = None
    """Of this service, with `revocations:read` (and `tokens:introspect`); none where revocations are public."""
    policy: Policy = Policy.FAIL_CLOSED
    bound: float = 2.0
    """Seconds: no revoked token is accepted longer after the commit of what revoked it. A larger one asks seldom."""
    address: str | None = None
    """Where the issuer is reached, if that is not the name it goes by."""
    leeway: int = LEEWAY
    """Seconds that the clock of the issuer may be ahead of this one."""
    longest: int = 86_400
    """Seconds that the longest-lived token lives."""
    patience: float = 1.0
    """Seconds that the issuer may take to introspect a token."""
    client: httpx2.AsyncClient | None = None
    """What requests are sent with, if it shall be one of your own; it is not closed here."""
    keys: PublishedKeys = field(init=False)
    revocations: Revocations = field(init=False)
    follower: RevocationFollower = field(init=False)
    _introspection: Introspection = field(init=False)
    _tokens: VerifiedTokens[Claims] = field(init=False)
    _owned: httpx2.AsyncClient | None = field(default=None, init=False)
    _running: list[asyncio.Task[Any]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise ValueError("the bound is a time")
        if self.client is None:
            self._owned = httpx2.AsyncClient()
        client = self.client or self._owned
        assert client
        issuer = Issuer(client, (self.address or self.issuer).rstrip("/"), self.credential)
        self.keys = PublishedKeys(issuer)
        self.revocations = Revocations(self.longest)
        self.follower = RevocationFollower(issuer, self.revocations, self.bound, dismissed=self._look_for_keys)
        self._introspection = Introspection(issuer, self.bound, self.patience)
        verifier = Verifier(self.keys, self.issuer, self.audience, same, leeway=self.leeway)
        self._tokens = VerifiedTokens(verifier, self.revocations)

    async def verify(self, token: str | bytes) -> Claims:
        """Return what the token claims.

        Raise `InvalidToken` (401) if it is expired, revoked or none of the issuer's, `Unavailable` (503) if nobody can
        say. Asks the issuer only for a key that is unknown, and under `Policy.INTROSPECT`.
        """
        text = token.encode("utf-8", "replace") if isinstance(token, str) else token
        try:
            found, current = self._tokens.judge(text)
        except UnknownKey:
            await self.keys.learn()
            found, current = self._tokens.judge(text)
        return found.who if current else await self._undecided(text, found)

    @property
    def is_current(self) -> bool:
        """Whether revocations were heard of within the bound; else the policy applies. For health checks."""
        return self.revocations.is_current

    async def start(self) -> None:
        """Fetch keys and revocations, and go on doing so; an issuer that does not answer keeps nobody from starting."""
        with suppress(Unavailable):
            await self.keys.learn()
        try:
            await self.follower.pull()
        except NoAnswer as error:
            _log.warning("revocations cannot be heard yet: %s", error)
        self._running = [asyncio.create_task(self.keys.run()), asyncio.create_task(self.follower.run())]

    async def stop(self) -> None:
        """Stop, and let go of connections. It cannot be started again."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._owned:
            await self._owned.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[None]:
        """Run beside an application: its `lifespan`, as Starlette, FastAPI and Litestar take it."""
        async with self:
            yield

    async def _look_for_keys(self) -> None:
        with suppress(Unavailable):
            await self.keys.learn()

    async def _undecided(self, text: bytes, token: Token[Claims]) -> Claims:
        match self.policy:
            case Policy.FAIL_OPEN:
                return token.who
            case Policy.INTROSPECT:
                if not await self._introspection.is_active(text):
                    raise InvalidToken
                # What was heard while the issuer was asked counts as well.
                return self._tokens.judge(text)[0].who
        raise Unavailable("revocations were not heard of for longer than the bound")
