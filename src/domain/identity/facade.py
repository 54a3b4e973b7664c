"""What identity does for its neighbours."""

from dataclasses import dataclass
from typing import Protocol

from domain.kernel.access import Origin
from domain.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Identified:
    """A person who has proved who they are."""

    user_id: UserId
    epoch: int
    """The revocation epoch that the proof was checked under."""


class Identities(Protocol):
    """Tell who somebody is."""

    async def verify(self, login: str, password: str, origin: Origin) -> Identified | None:
        """Return the active person whose e-mail address or username and password these are, None for anybody else.

        Takes the same time whether or not there is such an account. Counts failures in the transaction of the command,
        and after too many in a row refuses every password for a while, from that network or from everywhere. May raise
        `Overloaded`. Holds no connection while it hashes.
        """

    async def recognise(self, login: str) -> Identified | None:
        """Return the active person with this e-mail address or username, unproved: for development only."""
