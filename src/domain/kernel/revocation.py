"""What verifiers of tokens must stop accepting."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RevocationScope(StrEnum):
    """By what a token can be revoked."""

    CLIENT = "client"
    KEY = "key"
    ORGANIZATION = "organization"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a scope, not a secret
    USER = "user"


@dataclass(frozen=True, slots=True)
class Marker:
    """Refuse tokens of a subject that were issued up to `cutoff`, or under an epoch below `epoch`.

    For people an epoch is used: it is exact whatever the clocks say. For everything else a cut-off in whole seconds.
    """

    scope: RevocationScope
    id: str
    expires_at: datetime
    """Nothing that this marker stops outlives this moment."""
    cutoff: datetime | None = None
    epoch: int | None = None

    def __post_init__(self) -> None:
        if (self.cutoff is None) == (self.epoch is None):
            raise ValueError("a marker has a cut-off or an epoch")
