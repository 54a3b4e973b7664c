"""What sessions need from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.ids import OrganizationId, SessionId, UserId
from domain.sessions.schemas import ActiveToken, Revocation, SessionInfo


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
        until: datetime,
    ) -> tuple[str, int]:
        """Return a token and its lifetime in seconds; it is no longer good at `until`, when its session has ended."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The only live refresh token of a family, and whom it belongs to now."""

    refresh_token: str = field(repr=False)
    expires_at: datetime
    """When the session ends unless it is refreshed."""
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

    def whose(self, refresh_token: str) -> UUID | None:
        """Return the family of which `refresh_token` is or was one, None unless we made exactly this text.

        Asks nobody.
        """

    async def rotate(self, refresh_token: str, address: str | None = None) -> Rotation | Reuse:
        """Spend `refresh_token`, from `address` if that is known, and return its successor, or raise `RefreshRefused`.

        Presented again within the grace, it returns the family's live token: a lost answer or two tabs at once log
        nobody out. Presented later, it is a `Reuse`. Without a grace, in strict mode, it is refused for a few seconds
        instead, and its successor stays good: of several at once one succeeds.

        One that a store has forgotten making is spent like the live one.
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

    def whose(self, token: str) -> UUID | None:
        """Return the family of a refresh token or the session of an access token, None if it is none of ours.

        One that has ended is ours too; an access token only until it expires. Asks nobody.
        """

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

    async def sources(self, user_id: UserId, most: int) -> Sequence[tuple[str | None, str | None]]:
        """Return the address and the user agent that each of the last sessions began with, ended ones included."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the log of revocations says at one moment."""

    log: UUID
    """A log that was restored from a backup has another id."""
    position: int
    numbered: Sequence[Revocation]
    pending: Sequence[Revocation]
    """What is committed and has no position yet."""
    pending_word: str
    """The same for the same facts without a position: 16 hexadecimal digits, or `0` for none."""
    learned: int
    """How often this process had learned of revocations before it read."""


class RevocationLog(Protocol):
    """What was revoked, in the order of the log. What was committed before a question is in its answer.

    Raises `Unavailable`.
    """

    async def live(self) -> Heard:
        """Return everything that a token still alive could fall under; nothing of it is `pending`."""

    async def since(self, position: int) -> Heard:
        """Return what came after `position`, and everything that is pending."""

    async def learned(self, past: int, seconds: float) -> None:
        """Return once this process has learned of revocations more than `past` times, or after `seconds`.

        It may miss what other processes revoke for as long as its own pull takes. Hold no connection meanwhile.
        """


class TokenInspection(Protocol):
    """Judge access tokens as they are at this moment."""

    async def inspect(self, token: str) -> ActiveToken | None:
        """Return what a good access token says; None for one that is expired, revoked or none of ours.

        Whoever revoked it, in whatever process: what was committed before the question counts. Raise `Unavailable`.
        """
