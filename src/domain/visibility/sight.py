"""What actors see, and what they may let others see."""

from dataclasses import dataclass

from domain.access.facade import Authority, NotHeld, Place
from domain.kernel.access import Actor, Eyes, Permission
from domain.kernel.errors import BypassRequired
from domain.kernel.ids import OrganizationId, UserId
from domain.visibility.errors import ContentNotFound, NotInGroup, NotOne, ViewerNotFound
from domain.visibility.models import Content, Viewer, VisibilityGroup
from domain.visibility.repositories import Contents, Viewers
from domain.visibility.schemas import ContentName


@dataclass(frozen=True, slots=True)
class Sight:
    """Judge what actors do with walls: what they cannot see themselves does not exist for them."""

    viewers: Viewers
    contents: Contents
    authority: Authority

    async def must_see_into(self, actor: Actor, group: VisibilityGroup) -> None:
        """Raise `NotHeld` unless the actor is in `group`, or walls hide nothing from them."""
        if await self.viewers.includes(group, actor.user_id):
            return
        if not await self._bypass(actor, group.organization_id):
            raise NotHeld

    async def must_bypass(self, actor: Actor, organization_id: OrganizationId) -> None:
        """Raise `BypassRequired` unless walls hide nothing from the actor.

        Who takes down a wall before resources must see what these lie in: behind the wall of something hidden, what
        they saw would vanish.
        """
        if not await self._bypass(actor, organization_id):
            raise BypassRequired

    async def viewer(self, actor: Actor, group: VisibilityGroup, viewer: Viewer) -> None:
        """Judge whether the actor may put `viewer` in `group`.

        Raise `ViewerNotFound`, or `NotHeld` if it would open the actor's own eyes.
        """
        own = await self.viewers.stands_for(group.organization_id, viewer, actor.user_id)
        if not await self.viewers.seen(group.organization_id, viewer, await self.eyes(actor, group.organization_id)):
            raise ViewerNotFound
        if own:
            await self.must_see_into(actor, group)

    async def taken(self, actor: Actor, group: VisibilityGroup, viewer: Viewer) -> None:
        """Judge whether the actor may take `viewer` out of `group`; raise `NotInGroup` if a wall hides them."""
        if viewer.user_id is not None:
            eyes = await self.eyes(actor, group.organization_id)
            if not await self.viewers.seen(group.organization_id, viewer, eyes):
                raise NotInGroup

    async def content(
        self, actor: Actor, organization_id: OrganizationId, resource: ContentName | None, user_id: UserId | None
    ) -> Content:
        """Return what is named if the actor sees it, and hold the tree of resources until the command ends.

        Raise `ContentNotFound`, `NotOne`.
        """
        if (resource is None) == (user_id is None):
            raise NotOne
        eyes = await self.eyes(actor, organization_id)
        if resource is None:
            if await self.viewers.seen(organization_id, Viewer(user_id=user_id), eyes):
                return Content(user_id=user_id)
            raise ContentNotFound
        await self.contents.hold(organization_id)
        found = await self.contents.resource(organization_id, resource, eyes)
        if found and await self.authority.holds(actor, Place(organization_id, found), Permission.RESOURCES_READ):
            return Content(resource_id=found)
        raise ContentNotFound

    async def eyes(self, actor: Actor, organization_id: OrganizationId) -> Eyes:
        """Return who looks, and whether walls hide anything from them."""
        return Eyes(actor.user_id, await self._bypass(actor, organization_id))

    async def _bypass(self, actor: Actor, organization_id: OrganizationId) -> bool:
        return await self.authority.holds(actor, Place(organization_id), Permission.VISIBILITY_BYPASS)
