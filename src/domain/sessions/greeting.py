"""Tell people of sign-ins on devices that they have not used before."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.identity.facade import Identified
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.mails import NewDeviceMail
from domain.kernel.ports import Clock, Limits, Mailer
from domain.sessions.devices import named, written
from domain.sessions.ports import SessionLists

LAST: Final = 50
"""So many sessions of the past are looked at."""
MAILS: Final = 5
"""How often somebody is told within a day: what keeps no device token, and moves about, is not told of for ever."""
FRESH: Final = timedelta(hours=1)
"""So long after an account was made its first sign-in is that of whoever made it."""


@dataclass(frozen=True, slots=True)
class GreetingPolicy:
    """Whether people hear of new devices."""

    tells: bool = True


@dataclass(frozen=True, slots=True)
class Greeting:
    """Greet whoever signs in.

    A device is known by its token, or by the network and the name of the client of one of the last sessions. Whoever
    has just made their account has none that is new. Later, nothing is known of those who have not signed in for long,
    or never did: their sessions are deleted, or their accounts were imported.
    """

    sessions: SessionLists
    mailer: Mailer
    limits: Limits
    policy: GreetingPolicy
    clock: Clock

    async def greet(self, person: Identified, origin: Origin) -> None:
        """Mail the person if this may be somebody else; call it before the session is started."""
        if person.familiar or not self.policy.tells:
            return
        known = await self.sessions.sources(person.user_id, LAST)
        here = origin.network, origin.user_agent
        if here in {(Origin(address).network, agent) for address, agent in known}:
            return
        if not known and self.clock.now() < person.created_at + FRESH:
            return
        try:
            await self.limits.hit("new_device_mail", str(person.user_id), MAILS, 86_400)
        except TooManyRequests:
            return
        at, name = written(self.clock.now()), named(origin.user_agent)
        self.mailer.send(person.email, NewDeviceMail(at=at, device=name, address=origin.address or "unknown"))
