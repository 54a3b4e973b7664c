"""What teams need from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.access.facade import Place
from domain.kernel.ids import OrganizationId, RoleId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class TeamGrant:
    """A role that is granted or denied to a team."""

    place: Place
    role_id: RoleId
    denies: bool = False


class Inheritance(Protocol):
    """What being in teams brings with it, in the transaction of the command."""

    async def grants(self, organization_id: OrganizationId, team_ids: Sequence[TeamId]) -> Sequence[TeamGrant]:
        """Return what is granted and denied to the teams themselves, as far as it has not expired; each once."""

    async def beyond(self, user_id: UserId, team_ids: Sequence[TeamId]) -> bool:
        """Return whether any of the teams is in a visibility group that the person is not in."""
