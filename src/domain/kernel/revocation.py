"""What verifiers of tokens must stop accepting."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.kernel.ids import OrganizationId, UserId

SLACK: Final = timedelta(minutes=2)
"""How far clocks may differ, and how much later a token may be made than what it stands for ended, together: a process
may be frozen just then, but no proxy waits for its answer for much longer than a minute."""


class RevocationScope(StrEnum):
    """By what a token can be revoked."""

    CLIENT = "client"
    KEY = "key"
    MEMBER = "member"
    """A person in an organization: `<organization>/<person>`."""
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


@dataclass(frozen=True, slots=True)
class Revoking:
    """Make the markers of what ends before the tokens that name it; `longest` is the longest life of one of those."""

    longest: timedelta = timedelta(minutes=15)

    def organization(self, organization_id: OrganizationId, at: datetime) -> Marker:
        """Return the marker of an organization that is gone: no token that names it is ever good again."""
        return Marker(
            RevocationScope.ORGANIZATION, str(organization_id), at + 2 * self.longest, cutoff=at + self.longest
        )

    def member(self, organization_id: OrganizationId, user_id: UserId, at: datetime) -> Marker:
        """Return the marker of a member who left; who becomes one again gets tokens that are good."""
        return Marker(RevocationScope.MEMBER, f"{organization_id}/{user_id}", at + self.longest, cutoff=at)
