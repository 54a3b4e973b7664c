"""What our access tokens say (RFC 9068)."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

KIND: Final = "at+jwt"
FIRST_PARTY: Final = "gatewright"
"""The client of sessions that were started here, not by an OAuth client."""

Seconds = Annotated[int, Meta(ge=0, lt=2**40)]


class Header(Struct, forbid_unknown_fields=True):
    """All that our tokens' headers may say: no `crit`, `jwk`, `jku`, `x5u` or `b64`."""

    alg: str
    kid: str
    typ: str


class Claims(Struct, omit_defaults=True):
    """What our access tokens claim. Unknown claims are those of a newer release."""

    iss: str
    aud: str | list[str]
    sub: UUID
    exp: Seconds
    iat: Seconds
    jti: UUID
    sid: UUID
    ep: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    client_id: Annotated[str, Meta(min_length=1, max_length=64)]
    org: UUID | None = None
    acr: str | None = None
    amr: list[str] | None = None
    auth_time: Seconds | None = None


def same(claims: Claims) -> Claims:
    """Return `claims`: for a verifier whose callers want no more than those."""
    return claims
