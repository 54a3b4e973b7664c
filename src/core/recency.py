"""Ask for a proof of who somebody is that is not too old."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from domain.kernel.access import Actor
from domain.kernel.errors import ReauthenticationRequired


@dataclass(frozen=True, slots=True)
class Recency:
    """How long ago people may have proved who they are, for what asks for that."""

    seconds: int = 900
    """0 for any time."""
    now: Callable[[], float] = time

    def check(self, actor: Actor) -> None:
        """Raise `ReauthenticationRequired` if it was longer ago, or nobody knows when."""
        proved = actor.authenticated_at
        if self.seconds and (proved is None or self.now() - proved > self.seconds):
            raise ReauthenticationRequired(self.seconds)
