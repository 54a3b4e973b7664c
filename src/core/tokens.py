"""Verify access tokens (RFC 9068): strictly, once, and against revocation on every use."""

from binascii import Error as Undecodable
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from json import loads
from time import time
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from msgspec import DecodeError
from msgspec.json import Decoder

from core import base64url
from core.claims import KIND, Claims, Header
from core.jwk import Key
from core.keyring import Keys
from core.revocations import Revocations, Verdict
from domain.kernel.access import Actor
from domain.kernel.errors import InvalidToken, Unavailable
from domain.kernel.ids import OrganizationId, SessionId, UserId

LONGEST: Final = 8192
LEEWAY: Final = 5


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature and claims held when it was first seen."""

    actor: Actor
    expires: int
    issued: int
    key: Key
    subjects: tuple[str, ...]
    """Everything by which it can be revoked."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Turn the text of a token into a `Token`, or refuse it."""

    keys: Keys
    issuer: str
    audience: str
    now: Callable[[], float] = time

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience):
            raise ValueError("a verifier needs an issuer and an audience")

    def verify(self, text: bytes) -> Token:
        """Verify everything but revocation, or raise `InvalidToken`."""
        try:
            return self._verify(text)
        except (DecodeError, InvalidSignature, RecursionError, Undecodable, UnicodeDecodeError, ValueError) as error:
            raise InvalidToken from error

    def _verify(self, text: bytes) -> Token:
        if len(text) > LONGEST:
            raise ValueError("too long")
        head, body, signature = text.split(b".")
        key = self._key(base64url.decode(head))
        key.check(base64url.decode(signature), text[: len(head) + 1 + len(body)])
        payload = base64url.decode(body)
        claims = _claims.decode(payload)
        loads(payload, object_pairs_hook=_distinct)
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        now = self.now()
        if (
            claims.iss != self.issuer
            or self.audience not in audiences
            or claims.iat > now + LEEWAY
            or claims.exp <= now
        ):
            raise ValueError("not for us, or not now")
        return _token(key, claims)

    def _key(self, head: bytes) -> Key:
        header = _header.decode(head)
        key = self.keys.find(header.kid)
        if key is None or header.alg != key.algorithm or header.typ != KIND:
            raise ValueError("no such key, or not for this kind of token")
        # Three names and three values stand in twelve quotation marks: with more, a member is given twice.
        if head.count(b'"') != 12:  # noqa: PLR2004 - just explained
            raise ValueError("a member is given twice")
        return key


@dataclass(slots=True)
class VerifiedTokens:
    """Remember verified tokens, at most `2 * size`, so that each signature is checked once.

    What can change is asked on every use: the time, the key ring and the revocations.
    """

    verifier: Verifier
    revocations: Revocations
    size: int = 10_000
    _young: dict[bytes, Token] = field(default_factory=dict, init=False)
    _old: dict[bytes, Token] = field(default_factory=dict, init=False)

    def verify(self, text: bytes) -> Token:
        """Verify a token; raise `InvalidToken`, or `Unavailable` when nobody can tell whether it is revoked."""
        digest = sha256(text).digest()
        token = self._young.get(digest) or self._remember(digest, text)
        if self.verifier.keys.find(token.key.kid) is not token.key:
            token = self._young[digest] = self.verifier.verify(text)
        if token.expires <= self.verifier.now():
            raise InvalidToken
        verdict = self.revocations.judge(token.subjects, token.issued, token.actor.epoch)
        if verdict is Verdict.ACCEPT:
            return token
        raise InvalidToken if verdict is Verdict.REVOKED else Unavailable

    def _remember(self, digest: bytes, text: bytes) -> Token:
        token = self._old.get(digest) or self.verifier.verify(text)
        if len(self._young) >= self.size:
            self._old, self._young = self._young, {}
        self._young[digest] = token
        return token


_header = Decoder(Header)
_claims = Decoder(Claims)


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a claim is made twice")


def _token(key: Key, claims: Claims) -> Token:
    named = {
        "token": claims.jti,
        "session": claims.sid,
        "user": claims.sub,
        "client": claims.client_id,
        "key": key.kid,
    }
    if claims.org:
        named["organization"] = claims.org
    organization = OrganizationId(claims.org) if claims.org else None
    return Token(
        actor=Actor(UserId(claims.sub), SessionId(claims.sid), organization, claims.ep),
        expires=claims.exp,
        issued=claims.iat,
        key=key,
        subjects=tuple(f"{kind}:{value}" for kind, value in named.items()),
    )
