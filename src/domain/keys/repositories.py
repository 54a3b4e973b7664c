"""Where signing keys are kept."""

from typing import Protocol

from domain.keys.models import HeldRing, SigningKey


class SigningKeys(Protocol):
    """The one ring of this service."""

    async def hold(self) -> HeldRing:
        """Return the ring; nobody else can change it until the command ends.

        Keys that have expired are not in it, whether or not they were deleted.
        """

    async def keep(self, key: SigningKey) -> None:
        """Write a new key, or what changed about one; at once, for at most one signs and one waits at any moment.

        Raise `ConcurrentChange` if there would be two.
        """
