"""What may be set about organizations."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class InvitationPolicy:
    """How people are invited."""

    page: str = "http://localhost:8000/auth/invitations"
    """Where the mailed link leads; the token follows as its fragment, which browsers keep to themselves."""
    lifetime: timedelta = timedelta(days=7)
    """How long an invitation can be accepted."""
    per_hour: int = 200
    """Invitations that one person may send per hour; 0 for any number."""
    sign_ups_per_minute: int = 0
    """Sign-ups per minute and address, counted with those of people who were not invited; 0 for any number."""
