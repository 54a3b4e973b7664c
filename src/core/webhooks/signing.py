"""Signatures as Standard Webhooks has them (https://github.com/standard-webhooks/standard-webhooks, version 1)."""

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.secrets import Sealed
from domain.kernel.ids import WebhookId
from domain.webhooks.ports import MadeSecret, WebhookSecrets

PREFIX: Final = "whsec_"
BYTES: Final = 32
"""Of a secret; the standard asks for 24 to 64."""


@dataclass(frozen=True, slots=True)
class SealedSecrets(WebhookSecrets):
    """Keeps secrets sealed, each for one webhook."""

    sealed: Sealed

    def make(self, webhook_id: WebhookId) -> MadeSecret:
        """See `WebhookSecrets.make`."""
        secret = os.urandom(BYTES)
        return MadeSecret(PREFIX + b64encode(secret).decode(), self.sealed.seal(secret, _about(webhook_id)))

    def open(self, webhook_id: WebhookId, sealed: bytes) -> bytes:
        """Return the secret, or raise `ValueError` when it was altered, moved, or sealed by somebody else."""
        return self.sealed.open(sealed, _about(webhook_id))

    def renewed(self, webhook_id: WebhookId, sealed: bytes) -> bytes | None:
        """Seal again what an earlier master secret sealed; None if there is no need or nothing opens it."""
        return self.sealed.renewed(sealed, _about(webhook_id))


def secret_of(shown: str) -> bytes:
    """Return the bytes of a secret as it is shown, or raise `ValueError`."""
    if not shown.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    return b64decode(shown.removeprefix(PREFIX), validate=True)


def signatures(event_id: str, timestamp: int, body: bytes, secrets: Iterable[bytes]) -> str:
    """Return the header `webhook-signature`: one signature for each of `secrets`, any of which is enough."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.new(each, signed, sha256).digest()).decode()}" for each in secrets)


def _about(webhook_id: WebhookId) -> bytes:
    return b"webhook:" + webhook_id.bytes
