"""Where teams keep what commands change."""

from collections.abc import Sequence
from typing import Protocol

from domain.kernel.ids import OrganizationId, TeamId, UserId
from domain.teams.models import Team, TeamMember


class Teams(Protocol):
    """The teams of organizations, in the transaction of the command."""

    async def hold(self, organization_id: OrganizationId) -> None:
        """Let nobody else make, move or delete teams of the organization until the command ends.

        Asked for before any team is: otherwise two commands might wait for each other in a circle.
        """

    async def find(self, organization_id: OrganizationId, team_id: TeamId) -> Team | None:
        """Return the team, whom nobody else can change, fill or empty until the command ends."""

    async def add(self, team: Team) -> None:
        """Add `team`, or raise `TeamNameTaken`."""

    async def keep(self, team: Team) -> None:
        """Write what changed, or raise `TeamNameTaken`."""

    async def keep_moved(self, team: Team) -> None:
        """Write what changed, the place of `team` too, and put everything below it where it lies now.

        Raise `TeamNameTaken`, or `TeamTooDeep` if that is too deep. The organization's teams must be held.
        """

    async def remove(self, team: Team) -> None:
        """Delete `team`, with its members and what was granted to it; raise `TeamHasTeams` if any lie in it."""


class TeamMembers(Protocol):
    """Who is in the teams, in the transaction of the command."""

    async def get(self, team: Team, user_id: UserId) -> TeamMember:
        """Return the member, or raise `TeamMemberNotFound`."""

    async def add(self, member: TeamMember) -> None:
        """Add `member`; raise `NotAMember` of the organization, or `AlreadyInTeam`."""

    async def keep(self, member: TeamMember) -> None:
        """Write what changed."""

    async def remove(self, member: TeamMember) -> None:
        """Delete `member`."""

    async def administers(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        """Return whether the person is an admin of one of the teams."""
