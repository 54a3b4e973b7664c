"""Facts about sessions."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, event


@event
class SessionStarted(Event):
    """A person signed in."""

    type = "sessions.session.started"

    session_id: UUID
    user_id: UUID
    factors: list[str]
    expires_at: datetime
    occurred_at: datetime


@event
class AccessTokenRevoked(Event):
    """An access token of a session was revoked before its time; the session goes on."""

    type = "sessions.session.access_token_revoked"

    session_id: UUID
    user_id: UUID
    token_id: UUID
    occurred_at: datetime


@event
class SessionRevoked(Event):
    """A session ended before its time; `reason` is `sign_out`, `revoked`, `administrator` or `refresh_token_reuse`."""

    type = "sessions.session.revoked"

    session_id: UUID
    user_id: UUID
    reason: str
    occurred_at: datetime
