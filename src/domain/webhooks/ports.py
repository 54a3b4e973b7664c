"""What webhooks need of the world."""

from dataclasses import dataclass, field
from typing import Protocol

from domain.kernel.ids import UserId, WebhookId


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """A new secret."""

    shown: str = field(repr=False)
    """`whsec_` and base64, for whoever verifies signatures."""
    sealed: bytes = field(repr=False)
    """As it is kept."""


class WebhookSecrets(Protocol):
    """Make what requests are signed with."""

    def make(self, webhook_id: WebhookId) -> MadeSecret:
        """Return a new secret of the webhook, sealed so that it is none of any other."""


class Makers(Protocol):
    """Know how to reach whoever made a webhook."""

    async def address(self, user_id: UserId) -> str | None:
        """Return their e-mail address; None if they are gone or may not sign in."""
