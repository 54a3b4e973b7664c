"""What sessions show to callers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import OrganizationId, SessionId, UserId


@dataclass(frozen=True, slots=True)
class Device:
    """What a client says of itself, which nobody has checked."""

    client: str | None
    """The browser, or the product that an app or a tool calls itself."""
    system: str | None
    kind: str
    """`phone`, `tablet`, `desktop` or `other`."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One of the caller's sessions."""

    id: SessionId
    user_agent: str | None
    address: str | None
    """Where it was started from."""
    last_address: str | None
    """Where it was last refreshed from, or else started."""
    factors: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    """When it ends unless it is refreshed."""
    current: bool
    """Whether this is the session that asks."""
    device: Device | None = None
    """What it was started with, if that is known."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Refuse tokens of a subject that were issued up to `cutoff`, or whose `ep` is below `epoch`."""

    scope: str
    """`token` (by `jti`), `session` (`sid`), `user` (`sub`), `client` (`client_id`), `organization` (`org`), `member`
    (`<org>/<sub>`) or `key` (`kid`)."""
    id: str
    cutoff: float | None = None
    """Seconds since 1970; `iat` is compared with its whole seconds."""
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class RevocationPart:
    """A part of what was revoked. `next` is the cursor of what follows."""

    markers: list[Revocation]
    next: str


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """What an access token that is good says (RFC 7662, section 2.2; RFC 9068, section 2.2)."""

    issuer: str
    audience: list[str]
    user_id: UserId
    session_id: SessionId
    organization_id: OrganizationId | None
    client_id: str
    token_id: UUID
    issued_at: int
    """Seconds since 1970, like `expires_at`."""
    expires_at: int


@dataclass(frozen=True, slots=True)
class Inspected:
    """What became of a question about a token; None if it is not active."""

    token: ActiveToken | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose access token it is that was presented."""

    subject: UserId
    session: SessionId
    organization: OrganizationId | None
    """The organization that the token is limited to, if there is one."""
