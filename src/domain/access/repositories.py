"""Where roles and grants are kept, and what grants are about."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from domain.access.facade import Place, Subject
from domain.access.models import Grant, Role
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, TeamId, UserId


class Roles(Protocol):
    """The roles of organizations, and system roles."""

    async def lock(self, organization_id: OrganizationId) -> None:
        """Have others who change roles, or make or unmake owners, of the organization wait until the command ends.

        Taken before anything else is. Raise `OrganizationNotFound`.
        """

    async def get(self, organization_id: OrganizationId, role_id: RoleId) -> Role:
        """Return a role that may be granted in the organization, or raise `RoleNotFound`."""

    async def system(self, role_id: RoleId) -> Role:
        """Return a system role, whom nobody else can change until the command ends, or raise `RoleNotFound`."""

    async def named(self, organization_id: OrganizationId, name: str) -> Role:
        """Return the role of that name that may be granted: the organization's own, else a system role.

        Raise `RoleNotFound`.
        """

    async def closure(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, Role]:
        """Return these roles and what they inherit, through 8 levels."""

    async def own(self, organization_id: OrganizationId) -> Mapping[RoleId, Role]:
        """Return all roles of the organization itself."""

    async def add(self, role: Role) -> None:
        """Add `role`, or raise `RoleNameTaken`."""

    async def keep(self, role: Role) -> None:
        """Write what changed, or raise `RoleNameTaken`."""

    async def remove(self, role: Role) -> None:
        """Delete `role` and its grants; nothing inherits from it any more."""


class Grants(Protocol):
    """Who has which role where."""

    async def reaching(self, user_id: UserId, organization_id: OrganizationId) -> Sequence[Grant]:
        """Return every grant that concerns the person in the organization, expired ones included.

        Those are their own and those of the teams on the paths of their teams, in the organization and platform-wide.
        """

    async def get(self, organization_id: OrganizationId, grant_id: GrantId) -> Grant:
        """Return the grant, which nobody else can withdraw until the command ends, or raise `GrantNotFound`."""

    async def find(self, place: Place, subject: Subject, role_id: RoleId, effect: str) -> Grant | None:
        """Return the grant of that role at that place, whether it holds below it or not; locked as by `get`."""

    async def of(self, organization_id: OrganizationId, subject: Subject) -> Sequence[Grant]:
        """Return all grants of the subject in the organization, locked as by `get`."""

    async def keepers(self, organization_id: OrganizationId) -> Mapping[UserId, bool]:
        """Return who has the role that an organization always has somebody of, and whether their account is active."""

    async def kept_alone(self, user_id: UserId) -> Collection[OrganizationId]:
        """Return the organizations, the platform excepted, of whose active `keepers` the person is the last.

        Or one of the last, where none is active any more. The organizations that they belong to are locked as by
        `Roles.lock`, in the order of their ids.
        """

    async def denied(self, role_ids: Collection[RoleId]) -> bool:
        """Return whether any of these roles is what somebody is denied."""

    async def add(self, grant: Grant) -> None:
        """Add `grant`, or raise `GrantExists` and leave everything else of the command as it is."""

    async def remove(self, grant: Grant) -> None:
        """Delete `grant`."""


class Grantees(Protocol):
    """Who can be granted something."""

    async def includes(self, organization_id: OrganizationId, subject: Subject) -> bool:
        """Return whether it is a member, a team or a service account of the organization.

        Until the command ends it stays so. Of the platform everybody who has an account counts as a member.
        """

    async def teams(self, organization_id: OrganizationId, user_id: UserId) -> Collection[TeamId]:
        """Return the person's teams in the organization, and those above them."""


class Places(Protocol):
    """The resources that something can be granted on."""

    async def find(self, organization_id: OrganizationId, type: str, external_id: str) -> ResourceId | None:  # noqa: A002 - what it is called in the API
        """Return the resource, which stays until the command ends."""

    async def paths(
        self, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Mapping[ResourceId, Sequence[ResourceId]]:
        """Return of each resource of the organization what it lies in, itself first."""


class Hiding(Protocol):
    """What visibility groups hide from people who may not look over walls, in the transaction of the command."""

    async def resources(self, resource_ids: Collection[ResourceId], user_id: UserId) -> Collection[ResourceId]:
        """Return those of the resources that a wall hides from the person: they neither own them nor are in a group."""

    async def people(
        self, organization_id: OrganizationId, user_ids: Collection[UserId], user_id: UserId
    ) -> Collection[UserId]:
        """Return those of the people that are hidden from the person in the organization; never themselves."""
