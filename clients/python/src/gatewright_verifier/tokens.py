"""Verify access tokens (RFC 9068): strictly, once, and against revocation on every use."""

from binascii import Error as Undecodable
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from json import loads
from time import time
from typing import Any, Final, Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from msgspec import DecodeError
from msgspec.json import Decoder

from gatewright_verifier import base64url
from gatewright_verifier.claims import KIND, Claims, Header
from gatewright_verifier.errors import InvalidToken, Unavailable, UnknownKey
from gatewright_verifier.jwk import Key
from gatewright_verifier.keys import Keys
from gatewright_verifier.revocations import Revocations, Verdict

Who = TypeVar("Who")

LONGEST: Final = 8192
LEEWAY: Final = 5


@dataclass(frozen=True, slots=True)
class Token(Generic[Who]):
    """A token whose signature and claims held when it was first seen."""

    who: Who
    """What was made of its claims."""
    expires: int
    issued: int
    epoch: int
    key: Key
    subjects: tuple[str, ...]
    """Everything by which it can be revoked."""


@dataclass(frozen=True, slots=True)
class Verifier(Generic[Who]):
    """Turn the text of a token into a `Token`, or refuse it."""

    keys: Keys
    issuer: str
    audience: str
    who: Callable[[Claims], Who]
    """Makes of claims that hold whatever the caller goes on with; made once for each token."""
    now: Callable[[], float] = time
    leeway: int = LEEWAY
    """Seconds that the clock of the issuer may be ahead of this one."""

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience):
            raise ValueError("a verifier needs an issuer and an audience")

    def verify(self, text: bytes) -> Token[Who]:
        """Verify everything but revocation, or raise `InvalidToken`; `UnknownKey` if only the key is missing."""
        try:
            return self._verify(text)
        except (DecodeError, InvalidSignature, RecursionError, Undecodable, UnicodeDecodeError, ValueError) as error:
            raise InvalidToken from error

    def _verify(self, text: bytes) -> Token[Who]:
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
            or claims.iat > now + self.leeway
            or claims.exp <= now
        ):
            raise ValueError("not for us, or not now")
        return Token(self.who(claims), claims.exp, claims.iat, claims.ep, key, _subjects(key, claims))

    def _key(self, head: bytes) -> Key:
        header = _header.decode(head)
        # Three names and three values stand in twelve quotation marks: with more, a member is given twice.
        if header.typ != KIND or head.count(b'"') != 12:  # noqa: PLR2004 - just explained
            raise ValueError("not this kind of token, or a member is given twice")
        key = self.keys.find(header.kid)
        if key is None:
            raise UnknownKey
        if header.alg != key.algorithm:
            raise ValueError("not what this key is for")
        return key


@dataclass(slots=True)
class VerifiedTokens(Generic[Who]):
    """Remember verified tokens, at most `2 * size`, so that each signature is checked once.

    What can change is asked on every use: the time, the key ring and the revocations.
    """

    verifier: Verifier[Who]
    revocations: Revocations
    size: int = 10_000
    _young: dict[bytes, Token[Who]] = field(default_factory=dict, init=False)
    _old: dict[bytes, Token[Who]] = field(default_factory=dict, init=False)

    def verify(self, text: bytes) -> Token[Who]:
        """Verify a token; raise `InvalidToken`, or `Unavailable` when nobody can tell whether it is revoked."""
        token, current = self.judge(text)
        if current:
            return token
        raise Unavailable

    def judge(self, text: bytes) -> tuple[Token[Who], bool]:
        """Return a token that is not known to be revoked, and whether that is known well enough to go by.

        Raise `InvalidToken`.
        """
        digest = sha256(text).digest()
        token = self._young.get(digest) or self._remember(digest, text)
        if self.verifier.keys.find(token.key.kid) is not token.key:
            token = self._young[digest] = self.verifier.verify(text)
        if token.expires <= self.verifier.now():
            raise InvalidToken
        verdict = self.revocations.judge(token.subjects, token.issued, token.epoch)
        if verdict is Verdict.REVOKED:
            raise InvalidToken
        return token, verdict is Verdict.ACCEPT

    def _remember(self, digest: bytes, text: bytes) -> Token[Who]:
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


def _subjects(key: Key, claims: Claims) -> tuple[str, ...]:
    named: dict[str, object] = {
        "token": claims.jti,
        "session": claims.sid,
        "user": claims.sub,
        "client": claims.client_id,
        "key": key.kid,
    }
    if claims.org:
        named |= {"organization": claims.org, "member": f"{claims.org}/{claims.sub}"}
    return tuple(f"{kind}:{value}" for kind, value in named.items())
