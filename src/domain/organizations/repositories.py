"""Where organizations keep what commands change."""

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.kernel.ids import InvitationId, OrganizationId, UserId
from domain.organizations.models import ConfigurationHead, Invitation, Membership, Organization


class Organizations(Protocol):
    """The organizations, in the transaction of the command.

    Whoever changes who belongs to one gets it first, then invitations, then memberships: so nobody waits in a circle.
    """

    async def add(self, organization: Organization) -> None:
        """Add `organization`, or raise `SlugTaken` and leave everything else of the command as it is."""

    async def get(self, organization_id: OrganizationId) -> Organization:
        """Return it; nobody else changes it or who belongs to it until the command ends.

        Raise `OrganizationNotFound`.
        """

    async def keep(self, organization: Organization) -> None:
        """Write what changed, or raise `SlugTaken`."""

    async def remove(self, organization: Organization) -> None:
        """Delete `organization`, its members, invitations, roles, grants, and whatever else is in it."""


class Memberships(Protocol):
    """Who belongs to which organization, in the transaction of the command."""

    async def add(self, membership: Membership) -> None:
        """Add `membership`, or raise `AlreadyMember`, or `OrganizationNotFound` if either side is gone."""

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> Membership:
        """Return it, locked until the transaction ends, or raise `MemberNotFound`."""

    async def remove(self, membership: Membership) -> None:
        """Delete it; the person is then in no team or group of the organization and holds nothing in it."""


class Invitations(Protocol):
    """Who is invited, in the transaction of the command. One that has expired is there until it is cleaned up."""

    async def add(self, invitation: Invitation) -> None:
        """Add `invitation`, or raise `ConcurrentChange` if another was made for the same address meanwhile.

        Raise `OrganizationNotFound` if the organization, the role or the person who invites is gone.
        """

    async def find(self, organization_id: OrganizationId, email: str) -> Invitation | None:
        """Return the invitation of the canonical address, locked until the transaction ends."""

    async def to(self, addresses: Collection[str]) -> Sequence[Invitation]:
        """Return those of all organizations to these canonical addresses, locked until the transaction ends."""

    async def get(self, organization_id: OrganizationId, invitation_id: InvitationId) -> Invitation:
        """Return it, locked until the transaction ends, or raise `InvitationNotFound`."""

    async def keep(self, invitation: Invitation) -> None:
        """Write what changed."""

    async def remove(self, invitation: Invitation) -> None:
        """Delete it."""


class ConfigurationHeads(Protocol):
    """The heads of configuration documents, in the transaction of the command."""

    async def find(self, organization_id: OrganizationId, namespace: str) -> ConfigurationHead | None:
        """Return the head, locked until the transaction ends, with what was committed last."""

    async def add(self, head: ConfigurationHead) -> None:
        """Add `head`.

        Raise `OrganizationNotFound` if its organization is gone, `PreconditionFailed` if the namespace has a head.
        """

    async def hold(self, people: Collection[UserId]) -> None:
        """Have nobody of `people` erased until the command ends, and an answer that is kept of it go with any of them.

        Raise `ConcurrentChange` if one of them is gone.
        """

    async def mention(self, head: ConfigurationHead, people: Collection[UserId]) -> None:
        """Have it found that this version of `head` speaks of `people`, until they are erased."""
