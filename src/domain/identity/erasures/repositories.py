"""Where erasures are written."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.models import User
from domain.kernel.ids import UserId


class Erasures(Protocol):
    """Erase people, in the transaction of the command."""

    async def erase(self, user: User, at: datetime, policy: ErasurePolicy) -> Collection[str]:
        """Destroy the person's key, and what is queued or kept for them or for any address of theirs; return those.

        They are all that the person ever had, and is about to have, but for those that somebody else has by now.

        Their own rows go with `Users.remove`, afterwards. What lies outside the transaction is destroyed after it, by a
        job that is tried until it is done. Subscribers are expected to acknowledge the erasure as `policy` says.
        """

    async def acknowledge(self, user_id: UserId, subscriber: str, at: datetime) -> None:
        """Note that the subscriber has erased its copies, unless it has said so before.

        Raise `ErasureNotFound` if it was not expected to.
        """
