"""Facts about people."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event, Personal, event


@event
class UserCreated(Event):
    """A person has an account and can sign in for the first time."""

    type = "identity.user.created"

    user_id: UUID
    email: Personal[str]
    email_verified: bool
    username: Personal[str | None]
    full_name: Personal[str | None]
    occurred_at: datetime


@event
class UserUpdated(Event):
    """A person's profile changed; the fields say what it is now."""

    type = "identity.user.updated"

    user_id: UUID
    email: Personal[str]
    email_verified: bool
    username: Personal[str | None]
    full_name: Personal[str | None]
    occurred_at: datetime


@event
class UserDeactivated(Event):
    """A person may not sign in any more; all their sessions ended."""

    type = "identity.user.deactivated"

    user_id: UUID
    occurred_at: datetime


@event
class UserReactivated(Event):
    """A person who was deactivated may sign in again."""

    type = "identity.user.reactivated"

    user_id: UUID
    occurred_at: datetime


@event
class UserErased(Event):
    """A person is erased, and what was announced about them is unreadable: erase what you keep, and acknowledge it."""

    type = "identity.user.erased"

    user_id: UUID
    occurred_at: datetime


@event
class PasswordChanged(Event):
    """A person has another password; all their sessions ended."""

    type = "identity.user.password_changed"

    user_id: UUID
    occurred_at: datetime


@event
class PasswordVoided(Event):
    """A person's password counts no more: it was chosen before they proved their address. All their sessions ended."""

    type = "identity.user.password_voided"

    user_id: UUID
    occurred_at: datetime


@event
class SuperuserNamed(Event):
    """A person was given the system role `superuser`."""

    type = "identity.user.superuser_named"

    user_id: UUID
    occurred_at: datetime
