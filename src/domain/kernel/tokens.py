"""What whoever signs in is given."""

from dataclasses import dataclass, field

from domain.kernel.ids import SessionId


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client presents from now on (RFC 6749, section 5.1). Lifetimes are in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    refresh_expires_in: int
    session_id: SessionId
    token_type: str = "Bearer"  # noqa: S105 - the type of a token, not one
    device_token: str | None = None
    """To be sent as `Device-Token` when signing in again, so that nobody else can lock this device out; None when
    refreshing."""
