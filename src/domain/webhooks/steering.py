"""What several commands about webhooks share."""

from dataclasses import dataclass
from typing import Final

from domain.access.facade import Walls
from domain.kernel.access import Actor
from domain.kernel.errors import BypassRequired
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Destinations, Limits
from domain.kernel.usecases import use_cases

MOST_CALLS: Final = 120
"""How often an hour one person may have a name looked up, or an address called."""


@dataclass(frozen=True, slots=True)
class Steering:
    """Judge who may decide where events go: they carry what walls hide."""

    walls: Walls
    destinations: Destinations
    limits: Limits

    async def must_see_all(self, actor: Actor, organization_id: OrganizationId) -> None:
        """Raise `BypassRequired` unless no wall of the organization hides anything from the actor."""
        if not await self.walls.bypasses(actor, organization_id):
            raise BypassRequired

    async def count(self, actor: Actor) -> None:
        """Count a call that the actor causes; raise `TooManyRequests`."""
        await self.limits.hit("webhook", str(actor.user_id), MOST_CALLS, 3600)

    async def address(self, actor: Actor, url: str) -> str:
        """Return `url` as it is called; raise `AddressRefused`, or `TooManyRequests`. Holds no connection."""
        await self.count(actor)
        return await self.destinations.check(url)


def known_types() -> set[str]:
    """Return every type of event that any use case announces."""
    return {event.type for case in use_cases() for event in case.emits}
