"""Rename or move a team."""

from domain.access.facade import NotHeld
from domain.kernel.access import Actor, member_of
from domain.kernel.errors import ConcurrentChange, NameInvalid, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, TeamId
from domain.kernel.names import name_of
from domain.kernel.ports import Clock
from domain.kernel.schemas import ABSENT, Absent, Name
from domain.kernel.usecases import Command, if_match, interactor, message
from domain.teams.errors import TeamInItself, TeamNameTaken, TeamNotFound, TeamTooDeep
from domain.teams.events import TeamMoved, TeamUpdated
from domain.teams.models import Team
from domain.teams.repositories import Teams
from domain.teams.rights import TeamRights
from domain.teams.schemas import TeamInfo


@message
class UpdateTeam(Command[TeamInfo]):
    """Rename a team, or move it with everything below it; what is left out stays, no parent is the top."""

    organization_id: OrganizationId
    team_id: TeamId
    name: Name | Absent = ABSENT
    parent_id: TeamId | Absent | None = ABSENT
    expected_version: int | None = if_match(default=None)


@interactor(
    access=member_of("organization_id"),
    raises=(
        TeamNotFound,
        NotHeld,
        NameInvalid,
        TeamNameTaken,
        TeamInItself,
        TeamTooDeep,
        PreconditionFailed,
        ConcurrentChange,
    ),
    emits=(TeamUpdated, TeamMoved),
    audit="teams.team.update",
    simulated=True,
)
class UpdateTeamInteractor:
    teams: Teams
    rights: TeamRights
    events: Events
    clock: Clock

    async def __call__(self, request: UpdateTeam, actor: Actor) -> TeamInfo:
        if not isinstance(request.parent_id, Absent):
            await self.teams.hold(request.organization_id)
        team = await self.rights.manage(actor, request.organization_id, request.team_id)
        if request.expected_version not in (None, team.version):
            raise PreconditionFailed
        name = team.name if isinstance(request.name, Absent) else name_of(request.name)
        parent_id = team.parent_id if isinstance(request.parent_id, Absent) else request.parent_id
        renamed, moved = name != team.name, parent_id != team.parent_id
        # Everything is judged before anything changes: once moved, the actor might already hold what is there.
        parent = await self._judge(team, parent_id, actor) if moved else None
        if renamed:
            team.name = name
            updated = TeamUpdated(organization_id=team.organization_id, team_id=team.id, name=name)
            self.events.emit(updated, of=team)
        if moved:
            team.lie_in(parent)
            told = TeamMoved(organization_id=team.organization_id, team_id=team.id, parent_id=parent_id)
            self.events.emit(told, of=team)
        if renamed or moved:
            team.updated_at = self.clock.now()
            await (self.teams.keep_moved(team) if moved else self.teams.keep(team))
        return team.info

    async def _judge(self, team: Team, parent_id: TeamId | None, actor: Actor) -> Team | None:
        """Return what `team` shall lie in; who moves it answers for what its people get and what they are rid of."""
        organization_id = team.organization_id
        await self.rights.manage(actor, organization_id, team.id, from_above=True)
        parent = None
        if parent_id is None:
            await self.rights.manage_top(actor, organization_id)
        else:
            parent = await self.rights.manage(actor, organization_id, parent_id)
        above = parent.path if parent else []
        await self.rights.hand(actor, organization_id, [each for each in above if each not in team.path])
        await self.rights.take(actor, organization_id, [each for each in team.path[1:] if each not in above])
        return parent
