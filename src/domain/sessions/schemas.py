"""What sessions show to callers."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel.ids import OrganizationId, SessionId, UserId


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client presents from now on (RFC 6749, section 5.1). Lifetimes are in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    refresh_expires_in: int
    session_id: SessionId
    token_type: str = "Bearer"  # noqa: S105 - the type of a token, not one


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One of the caller's sessions."""

    id: SessionId
    user_agent: str | None
    address: str | None
    factors: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    """When it ends unless it is refreshed."""
    current: bool
    """Whether this is the session that asks."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose access token it is that was presented."""

    subject: UserId
    session: SessionId
    organization: OrganizationId | None
    """The organization that the token is limited to, if there is one."""
