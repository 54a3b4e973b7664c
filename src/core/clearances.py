"""What an actor may see, asked of the gate that every message passes."""

from dataclasses import dataclass

from core.pipeline import Gate
from domain.access.facade import Clearances
from domain.kernel.access import Actor, Eyes, Permission, needs
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, message


@message
class _Look(Query[None]):
    organization_id: OrganizationId


@dataclass(frozen=True, slots=True)
class GateClearances(Clearances):
    """Ask the gate, so that what is shown and what is let through never differ."""

    gate: Gate

    async def holds(self, actor: Actor, organization_id: OrganizationId, permission: Permission) -> bool:
        """See `Clearances.holds`."""
        try:
            await self.gate.check(
                needs(permission, within="organization_id"), actor, _Look(organization_id=organization_id)
            )
        except (Forbidden, OrganizationNotFound):
            return False
        return True

    async def eyes(self, actor: Actor, organization_id: OrganizationId) -> Eyes:
        """See `Clearances.eyes`."""
        return Eyes(actor.user_id, await self.holds(actor, organization_id, Permission.VISIBILITY_BYPASS))
