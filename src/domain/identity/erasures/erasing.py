"""What it takes to erase a person."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from domain.access.facade import Assignments, Authority, LastOwner, Place
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.erasures.repositories import Erasures
from domain.identity.events import UserErased
from domain.identity.facade import InvitationEnding
from domain.identity.models import User
from domain.identity.ports import SessionEnding, Superusers
from domain.identity.repositories import Users
from domain.kernel.access import Actor, Permission
from domain.kernel.events import Events
from domain.kernel.ids import PLATFORM, OrganizationId
from domain.kernel.ports import Clock

NAMED: Final = 20
"""How many organizations a refusal names at most."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """Erase a person, unless others would be left without anybody who may do something about it."""

    users: Users
    superusers: Superusers
    assignments: Assignments
    authority: Authority
    sessions: SessionEnding
    erasures: Erasures
    invitations: InvitationEnding
    policy: ErasurePolicy
    events: Events
    clock: Clock

    async def erase(self, user: User, actor: Actor) -> None:
        """Erase `user`, whom the command has locked, for `actor`; raise `LastSuperuser` or `LastOwner`."""
        await self.superusers.spare(user.id)
        if owned := await self.assignments.owned_alone(user.id):
            raise LastOwner(await self._told(user, actor, owned))
        now = self.clock.now()
        ended = await self.sessions.end_all(user.id, user.epoch + 1, now)
        addresses = await self.erasures.erase(user, now, self.policy)
        await self.invitations.withdraw_all(addresses)
        await self.users.remove(user)
        self.events.emit(UserErased(user_id=user.id, occurred_at=now), of=user, revokes=ended)

    async def _told(self, user: User, actor: Actor, owned: Collection[OrganizationId]) -> str:
        """Say how to proceed; which organizations there are is for those to know who may see them."""
        mine = user.id == actor.user_id
        told = f"{'You' if mine else 'They'} alone own {len(owned)} of the organizations: "
        told += "name another owner in each, or delete it."
        if not mine and not await self.authority.holds(actor, Place(PLATFORM), Permission.ORGANIZATIONS_READ):
            return told
        return f"{told} {', '.join(str(each) for each in sorted(owned)[:NAMED])}"
