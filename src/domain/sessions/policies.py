"""What the service is configured to do with tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """How often tokens of one session may be handed in, and made-up ones from one network; 0 for any number."""

    refreshes_per_minute: int = 0
    revocations_per_minute: int = 0
