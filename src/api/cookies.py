"""Tokens in cookies, for pages in browsers: no script can read them, and no other site can use them."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from msgspec import Struct

from api.headers import Given
from api.refusals import CrossSite, Malformed
from core.pipeline import Answer, Call
from domain.kernel.errors import DomainError, TooManyRequests, Unauthenticated
from domain.kernel.ids import SessionId
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.sessions.commands.revoke_token import RevokeToken

ACCESS: Final = b"__Host-gatewright-access"
REFRESH: Final = b"__Host-gatewright-refresh"
DEVICE: Final = b"__Host-gatewright-device"
KNOWN: Final = 180 * 86_400
"""Seconds for which a browser keeps the token of its device."""
TRANSPORT: Final = b"session-transport"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SAME: Final = frozenset({b"same-origin", b"none"})
NO_PAGE: Final = frozenset({b"", b"null"})

Header = tuple[bytes, bytes]
Dispatch = Callable[[Message[Any], Call], Awaitable[Answer[Any]]]


class CookieTokens(Struct, frozen=True):
    """What a page is told when its tokens are in cookies. Lifetimes are in seconds."""

    expires_in: int
    refresh_expires_in: int
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that may use cookies: those of this service's own origin, and of origins that are listed."""

    origins: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, own: str, listed: Iterable[str]) -> Self:
        """Trust pages of the base URL `own`, and of the origins in `listed`."""
        parts = urlsplit(own)
        return cls(frozenset(each.encode() for each in (f"{parts.scheme}://{parts.netloc}", *listed)))

    def credential(self, method: str | None, given: Given) -> bytes | None:
        """Return the access token in the cookie of a request, None if there is none.

        Raise `CrossSite` if the method can change something and the request may come from another site. A method of
        None can.
        """
        found = cookie(given, ACCESS)
        if found is not None and method not in SAFE and not self.sent(given):
            raise CrossSite
        return found

    def asked(self, given: Given) -> bool:
        """Return whether a page wants its tokens in cookies; raise `CrossSite` if it may be one of another site."""
        wanted = given.get(TRANSPORT)
        if wanted is None:
            return False
        if wanted != b"cookie":
            raise Malformed("Session-Transport takes `cookie`.")
        if not self.sent(given):
            raise CrossSite
        return True

    def sent(self, given: Given) -> bool:
        """Return whether a request was sent by a script of one of these pages.

        Other sites cannot make a browser send `Session-Transport` without being allowed to (CORS), and cannot choose
        `Origin` or `Sec-Fetch-Site` at all: two defences, each of which would be enough.
        """
        origin, site = given.get(b"origin"), given.get(b"sec-fetch-site")
        if given.get(TRANSPORT) != b"cookie" or site == b"cross-site":
            return False
        # A proxy may have changed Host, so it is not asked; a browser that says `same-origin` knows the true one.
        return origin in self.origins or (site in SAME and origin not in NO_PAGE)


def cookie(given: Given, name: bytes) -> bytes | None:
    """Return a cookie, empty if it is there twice: nobody knows which one a proxy looked at."""
    pairs = (each.strip().partition(b"=") for each in given.get(b"cookie", b"").split(b";"))
    found = [value for key, _, value in pairs if key == name]
    return (found[0] if len(found) == 1 else b"") if found else None


def refresh_token(given: Given) -> str:
    """Return the refresh token in the cookie of a request, or raise `Malformed`: there is none."""
    if found := cookie(given, REFRESH):
        return found.decode("latin-1")
    raise Malformed("There is no cookie with a refresh token.")


def device_token(given: Given) -> str | None:
    """Return what a client presents as the token of its device: `Device-Token`, or else the cookie."""
    found = given.get(b"device-token")
    if found is None and b"cookie" in given:
        found = cookie(given, DEVICE)
    return found.decode("latin-1") if found else None


def kept(tokens: Tokens) -> tuple[CookieTokens, list[Header]]:
    """Return what is left to tell of `tokens`, and the headers that put them into cookies."""
    told = CookieTokens(tokens.expires_in, tokens.refresh_expires_in, tokens.session_id)
    put = [
        _set(ACCESS, tokens.access_token.encode(), tokens.expires_in, b"Lax"),
        _set(REFRESH, tokens.refresh_token.encode(), tokens.refresh_expires_in, b"Strict"),
    ]
    if tokens.device_token:
        put.append(_set(DEVICE, tokens.device_token.encode(), KNOWN, b"Strict"))
    return told, put


async def moved(
    given: Given, dispatch: Dispatch, call: Call, answered: Answer[Tokens], *, refreshed: bool, renewed: bool
) -> tuple[CookieTokens, list[Header]]:
    """Put the tokens of an answer into cookies, as `kept` does.

    Unless they were `refreshed`, the session of which the browser had cookies ends; not when a sign-in is repeated, as
    that may be the session it began. Where the session that asked was `renewed`, it has ended with all others.
    """
    asked_by_cookie = renewed and b"authorization" not in given
    if not (refreshed or answered.replayed or asked_by_cookie):
        # What was asked for is done: who is refused now would lose the tokens of a session that has begun.
        with suppress(DomainError):
            await ended(given, dispatch, call)
    return kept(answered.result)


def forgotten(given: Given) -> list[Header]:
    """Return the headers that make a browser forget its tokens, if it was they that a request came with."""
    if b"authorization" in given or b"cookie" not in given:
        return []
    return [_set(ACCESS, b"", 0, b"Lax"), _set(REFRESH, b"", 0, b"Strict")]


async def left(given: Given, dispatch: Dispatch, pages: Pages, message: Message[Any], call: Call) -> Answer[Any]:
    """Sign out by `message`; a page whose access token is gone does it by its refresh token.

    Browsers drop the cookie of an access token long before the session ends: signing out has to end it all the same.
    """
    try:
        return await dispatch(message, call)
    except Unauthenticated:
        if b"authorization" in given or not cookie(given, REFRESH) or not pages.asked(given):
            raise
        # What is limited is tokens that end nothing, and however often one comes: it needs no ending.
        with suppress(TooManyRequests):
            await ended(given, dispatch, call)
        return Answer(None)


async def ended(given: Given, dispatch: Dispatch, call: Call) -> None:
    """End the session of the refresh token that a browser came with, if it did: another takes its place, or none."""
    if before := cookie(given, REFRESH):
        token = before.decode("latin-1")
        await dispatch(RevokeToken(token=token), Call(origin=call.origin, trace=call.trace))


def _set(name: bytes, value: bytes, seconds: int, site: bytes) -> Header:
    flags = b"Max-Age=%d; Path=/; Secure; HttpOnly; SameSite=%b" % (seconds, site)
    return b"set-cookie", b"%b=%b; %b" % (name, value, flags)
