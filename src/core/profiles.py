"""Profiles kept in memory for a moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple

from domain.identity.readers import Profiles
from domain.identity.schemas import UserProfile
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import UserId

FRESH: Final = 1.0
"""Seconds that a profile is shown without asking again."""


class Kept(NamedTuple):
    """A profile, and until when it is shown."""

    until: float
    profile: UserProfile


@dataclass(slots=True)
class CachedProfiles(Profiles):
    """Remember what `source` found, for at most a second; bounded by `2 * size`.

    Whoever must see a command of a moment ago sends its consistency token, and gets the profile of the source. A change
    made in this process, or pushed from another, is dropped at once.
    """

    source: Profiles
    size: int = 10_000
    now: Callable[[], float] = monotonic
    _young: dict[UserId, Kept] = field(default_factory=dict, init=False)
    _old: dict[UserId, Kept] = field(default_factory=dict, init=False)
    _dropped: int = field(default=0, init=False)

    async def find(self, user_id: UserId, seen: ConsistencyToken | None) -> UserProfile | None:
        """See `Profiles.find`."""
        if seen is None:
            kept = self._young.get(user_id) or self._old.get(user_id)
            if kept and self.now() < kept.until:
                return kept.profile
        asked, dropped = self.now(), self._dropped
        profile = await self.source.find(user_id, seen)
        # What was dropped meanwhile may be this one, read before the change: do not keep it.
        if profile and dropped == self._dropped:
            if len(self._young) >= self.size:
                self._old, self._young = self._young, {}
            self._young[user_id] = Kept(asked + FRESH, profile)
        return profile

    def drop(self, user_id: UserId) -> None:
        """Forget a profile that changed."""
        self._dropped += 1
        self._young.pop(user_id, None)
        self._old.pop(user_id, None)
