"""Where sessions are kept."""

from collections.abc import Sequence
from typing import Protocol

from domain.kernel.ids import SessionId, UserId
from domain.sessions.models import Session


class Sessions(Protocol):
    """Sessions that have not ended, each with its family of refresh tokens."""

    async def start(self, session: Session, epoch: int) -> str:
        """Add `session` and return its first refresh token.

        Raise `SignInOvertaken` unless the person is active and their revocation epoch is still `epoch`: what they
        proved themselves with may have been changed a moment ago.
        """

    async def live(self, session_id: SessionId) -> Session:
        """Return the session, which nobody else can change until the command ends, or raise `SessionNotFound`."""

    async def of(self, user_id: UserId, but: SessionId | None = None) -> Sequence[Session]:
        """Return every session of the person but one that has not ended; nobody else can change them meanwhile.

        One that ran out is among them for as long as an access token of it may live.
        """

    async def end(self, session: Session) -> None:
        """Write that `session` ended, and revoke its refresh tokens."""
