"""Shapes of signing keys."""

from dataclasses import dataclass
from datetime import datetime

from domain.keys.models import KeyState, SigningKey
from domain.keys.policies import KeyPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDetails:
    """A signing key, without anything that signs or verifies. Times are null until they come, and of keys in a file."""

    kid: str
    algorithm: str
    state: KeyState
    published_at: datetime | None = None
    ready_at: datetime | None = None
    """From when every verifier has the key that waits."""
    activated_at: datetime | None = None
    retired_at: datetime | None = None
    removed_at: datetime | None = None
    expires_at: datetime | None = None
    """When it is forgotten."""


def details(key: SigningKey, policy: KeyPolicy) -> KeyDetails:
    """Show `key`."""
    return KeyDetails(
        kid=key.kid,
        algorithm=key.algorithm,
        state=key.state,
        published_at=key.published_at,
        ready_at=policy.ready_at(key) if key.state is KeyState.NEXT else None,
        activated_at=key.activated_at,
        retired_at=key.retired_at,
        removed_at=key.removed_at,
        expires_at=key.expires_at,
    )
