"""Issue access tokens (RFC 9068)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import time
from typing import Final

from msgspec.json import Encoder

from core.keyring import Keys
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from gatewright_verifier import base64url
from gatewright_verifier.claims import FIRST_PARTY, KIND, Claims, Header


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Issue access tokens to people who have proven who they are."""

    keys: Keys
    issuer: str
    audience: str
    lifetime: int = 900
    """Seconds."""
    now: Callable[[], float] = time

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience):
            raise ValueError("an issuer of tokens needs a name and an audience")

    def issue(
        self,
        user_id: UserId,
        session_id: SessionId,
        organization_id: OrganizationId | None,
        epoch: int,
        *,
        factors: Sequence[str] = (),
        authenticated_at: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[str, int]:
        """Return a token and its lifetime in seconds; it expires at `until` at the latest.

        `factors` are the methods used (RFC 8176: `pwd`, `otp`, `hwk`, `mfa` …). More than one of them, or `mfa`, makes
        `acr` `aal2`, a single one `aal1` (NIST SP 800-63B-4).
        """
        now = int(self.now())
        expires = now + self.lifetime if until is None else min(now + self.lifetime, int(until.timestamp()))
        claims = Claims(
            iss=self.issuer,
            aud=self.audience,
            sub=user_id,
            exp=expires,
            iat=now,
            jti=uuid7(),
            sid=session_id,
            ep=epoch,
            client_id=FIRST_PARTY,
            org=organization_id,
            acr=_assurance(factors),
            amr=list(factors) or None,
            auth_time=int(authenticated_at.timestamp()) if authenticated_at else None,
        )
        return self._signed(_json(claims)), expires - now

    def _signed(self, payload: bytes) -> str:
        key = self.keys.signing
        if key.sign is None:
            raise ValueError(f"{key.kid}: a public key cannot sign")
        text = _head(key.algorithm, key.kid) + b"." + base64url.encode(payload)
        return (text + b"." + base64url.encode(key.sign(text))).decode()


_json: Final = Encoder().encode


@lru_cache(maxsize=16)
def _head(algorithm: str, kid: str) -> bytes:
    return base64url.encode(_json(Header(algorithm, kid, KIND)))


def _assurance(factors: Sequence[str]) -> str | None:
    if not factors:
        return None
    return "aal2" if "mfa" in factors or len(set(factors)) > 1 else "aal1"
