"""What sessions need from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.ids import OrganizationId, SessionId, UserId
from domain.sessions.schemas import SessionInfo


class AccessTokens(Protocol):
    """Mint access tokens (RFC 9068)."""

    def issue(
        self,
        user_id: UserId,
        session_id: SessionId,
        organization_id: OrganizationId | None,
        epoch: int,
        *,
        factors: Sequence[str],
        authenticated_at: datetime,
    ) -> tuple[str, int]:
        """Return a token and its lifetime in seconds."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The only live refresh token of a family, and whom it belongs to now."""

    refresh_token: str = field(repr=False)
    expires_at: datetime
    session_id: SessionId
    user_id: UserId
    organization_id: OrganizationId | None
    epoch: int
    factors: Sequence[str]
    authenticated_at: datetime


@dataclass(frozen=True, slots=True)
class Reuse:
    """A spent refresh token came back after the grace: somebody has a copy."""

    session_id: SessionId


class RefreshFamilies(Protocol):
    """Rotate refresh tokens. Each call is one atomic statement, outside any unit of work."""

    async def rotate(self, refresh_token: str) -> Rotation | Reuse:
        """Spend `refresh_token` and return its successor, or raise `RefreshRefused`.

        Presented again within the grace, it returns the family's live token: a lost answer or two tabs at once log
        nobody out. Presented later, it is a `Reuse`. Without a grace, in strict mode, it is refused for a few seconds
        instead, and its successor stays good: of several at once one succeeds.
        """


@dataclass(frozen=True, slots=True)
class AccessTokenId:
    """One access token: its `jti`, and when it expires."""

    token_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """What a token stands for: a refresh token for its session, an access token for itself alone."""

    session_id: SessionId
    access: AccessTokenId | None


class PresentedTokens(Protocol):
    """Tell what somebody presents."""

    async def read(self, token: str) -> PresentedToken | None:
        """Return what `token` stands for, None if it is none of ours, has expired, or was revoked.

        A spent refresh token stands for its session too: whoever has it may end it, on purpose or by reusing it.
        """


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """A place in the list of a person's sessions, the newest first."""

    created_at: datetime
    session_id: SessionId


class SessionLists(Protocol):
    """Read a person's live sessions."""

    async def list(
        self, user_id: UserId, current: SessionId, after: SessionPlace | None, most: int
    ) -> Sequence[SessionInfo]:
        """Return up to `most` live sessions behind the place `after`, the newest first."""
