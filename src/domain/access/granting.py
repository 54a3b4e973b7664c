"""Make and withdraw grants."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.access.errors import GrantNotFound, LastOwner, RoleNotFound
from domain.access.events import GrantMade, GrantWithdrawn
from domain.access.facade import Assignment, Assignments, Place, Subject
from domain.access.models import Grant, keeper
from domain.access.repositories import Grants, Roles
from domain.kernel.events import Events
from domain.kernel.ids import GrantId, OrganizationId, RoleId, UserId
from domain.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class Granting(Assignments):
    """Make and withdraw grants, and announce each. What the actor may do is asked elsewhere."""

    roles: Roles
    grants: Grants
    events: Events
    clock: Clock

    async def hold(self, organization_id: OrganizationId) -> None:
        """See `Assignments.hold`."""
        await self.roles.lock(organization_id)

    async def role(self, organization_id: OrganizationId, name: str) -> RoleId:
        """See `Assignments.role`."""
        return (await self.roles.named(organization_id, name)).id

    async def assign(
        self,
        place: Place,
        subject: Subject,
        role_id: RoleId,
        by: UserId | None,
        expires_at: datetime | None = None,
    ) -> GrantId:
        """See `Assignments.assign`. A grant that is conditional, ends at another time or holds in less is replaced."""
        role = await self.roles.get(place.organization_id, role_id)
        grant = Grant(
            place=place,
            subject=subject,
            role_id=role.id,
            expires_at=expires_at,
            granted_by=by,
            created_at=self.clock.now(),
        )
        if grant.keeps:
            if subject.type != "user" or place.resource_id is not None:
                raise RoleNotFound
            await self.roles.lock(place.organization_id)
        before = await self.grants.find(place, subject, role_id, grant.effect)
        if before and before.suffices(place, expires_at):
            return before.id
        if before:
            await self._remove(before)
        await self.make(grant)
        return grant.id

    async def assigned(self, organization_id: OrganizationId, grant_id: GrantId) -> Assignment:
        """See `Assignments.assigned`; what is denied was not assigned."""
        grant = await self.grants.get(organization_id, grant_id)
        if grant.denies:
            raise GrantNotFound
        return Assignment(grant.place, grant.subject, grant.role_id)

    async def withdraw(self, place: Place, subject: Subject, role_id: RoleId) -> None:
        """See `Assignments.withdraw`."""
        if role_id == keeper(place.organization_id):
            await self.roles.lock(place.organization_id)
        if grant := await self.grants.find(place, subject, role_id, "allow"):
            await self.unmake(grant)

    async def withdraw_everything(self, organization_id: OrganizationId, subject: Subject) -> None:
        """See `Assignments.withdraw_everything`."""
        await self.roles.lock(organization_id)
        for grant in await self.grants.of(organization_id, subject):
            await self.unmake(grant)

    async def owners(self, organization_id: OrganizationId) -> Collection[UserId]:
        """See `Assignments.owners`."""
        await self.roles.lock(organization_id)
        return (await self.grants.keepers(organization_id)).keys()

    async def owned_alone(self, user_id: UserId) -> Collection[OrganizationId]:
        """See `Assignments.owned_alone`."""
        return await self.grants.kept_alone(user_id)

    async def make(self, grant: Grant) -> None:
        """Add `grant`, or raise `GrantExists`. The organization is locked if that makes an owner."""
        made = GrantMade(
            organization_id=grant.place.organization_id,
            grant_id=grant.id,
            subject_type=grant.subject.type,
            subject_id=grant.subject.id,
            role_id=grant.role_id,
            resource_id=grant.place.resource_id,
            below=grant.place.below,
            effect=grant.effect,
            expires_at=grant.expires_at,
            occurred_at=self.clock.now(),
        )
        self.events.emit(made, of=grant)
        await self.grants.add(grant)

    async def unmake(self, grant: Grant) -> None:
        """Withdraw `grant`, or raise `LastOwner` unless another active owner stays. The organization is locked then."""
        if grant.keeps:
            keepers = await self.grants.keepers(grant.place.organization_id)
            if not any(active for user_id, active in keepers.items() if user_id != grant.subject.id):
                raise LastOwner
        await self._remove(grant)

    async def _remove(self, grant: Grant) -> None:
        withdrawn = GrantWithdrawn(
            organization_id=grant.place.organization_id,
            grant_id=grant.id,
            subject_type=grant.subject.type,
            subject_id=grant.subject.id,
            role_id=grant.role_id,
            resource_id=grant.place.resource_id,
            effect=grant.effect,
            occurred_at=self.clock.now(),
        )
        self.events.emit(withdrawn, of=grant)
        await self.grants.remove(grant)
