"""What webhooks need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.kernel.ids import WebhookId
from domain.webhooks.models import Webhook


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
    """Know how to reach those who answer for a webhook."""

    async def addresses(self, webhook: Webhook) -> Sequence[str]:
        """Return the e-mail address of whoever made it, or those of the owners of its organization.

        They are asked for if its maker is gone, may not sign in, or has left the organization; of the platform's
        webhooks never.
        """
