"""Sessions and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from domain.kernel.revocation import SLACK, Marker, RevocationScope


class Factor(StrEnum):
    """How a person proved who they are (RFC 8176 names, where it has one)."""

    CODE = "otp"
    DEVELOPMENT = "dev"
    PASSWORD = "pwd"  # noqa: S105 - the name of a method


class Reason(StrEnum):
    """Why a session ended before its time."""

    ADMINISTRATOR = "administrator"
    REUSE = "refresh_token_reuse"
    REVOKED = "revoked"
    SIGN_OUT = "sign_out"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what stands for a session is good for."""

    access: timedelta = timedelta(minutes=15)
    refresh: timedelta = timedelta(days=7)
    """How long a session lives, however often it is refreshed."""
    idle: timedelta | None = None
    """How long it lives without being refreshed; None for as long as any."""

    def left(self, expires_at: datetime, now: datetime) -> int:
        """Return for how many seconds the refresh token is good that a session gets `now`."""
        left = expires_at - now
        return int((min(left, self.idle) if self.idle else left).total_seconds())


@dataclass(eq=False, kw_only=True)
class Session:
    """A person being signed in on one device."""

    aggregate: ClassVar[str] = "session"

    id: SessionId = field(default_factory=lambda: SessionId(uuid7()))
    user_id: UserId
    organization_id: OrganizationId | None = None
    user_agent: str | None = None
    address: str | None = None
    factors: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    version: int = 0

    def end(self, at: datetime, longest: timedelta) -> Marker:
        """End the session; return what verifiers must learn. `longest` is the longest life of an access token."""
        self.revoked_at = at
        return ended(self.id, at, longest)


def ended(session_id: SessionId, at: datetime, longest: timedelta) -> Marker:
    """Return the marker of a session that ended.

    Its cut-off lies ahead: no token of this session is ever good again, not even one minted at this very moment. That
    one is the last to expire.
    """
    return Marker(RevocationScope.SESSION, str(session_id), expires_at=at + longest + SLACK, cutoff=at + longest)


def revoked(token_id: UUID, expires_at: datetime) -> Marker:
    """Return the marker of one access token, which is dated before it expires whatever the clocks say."""
    return Marker(RevocationScope.TOKEN, str(token_id), expires_at=expires_at + SLACK, cutoff=expires_at)
