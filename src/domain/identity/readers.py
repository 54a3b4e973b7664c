"""How people are read, without loading what commands change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity.schemas import UserProfile
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import UserId


class Profiles(Protocol):
    """Read one profile at a time."""

    async def find(self, user_id: UserId, seen: ConsistencyToken | None) -> UserProfile | None:
        """Return the profile, never older than the command of `seen`; without one, at most a second old."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list of people, the newest first."""

    created_at: datetime
    user_id: UserId


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which people to list."""

    email: str | None = None
    """Part of an address, in any case."""
    is_active: bool | None = None


class ProfileLists(Protocol):
    """Read profiles in order."""

    async def list(self, wanted: UserFilter, after: Place | None, most: int) -> Sequence[UserProfile]:
        """Return up to `most` profiles behind the place `after`, the newest first."""
