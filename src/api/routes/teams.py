"""Teams over HTTP."""

from litestar import Router, delete, get, patch, post

from api.endpoint import endpoint
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.change_team_member import ChangeTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.delete_team import DeleteTeam
from domain.teams.commands.leave_team import LeaveTeam
from domain.teams.commands.remove_team_member import RemoveTeamMember
from domain.teams.commands.update_team import UpdateTeam
from domain.teams.queries.get_team import GetTeam
from domain.teams.queries.list_team_members import ListTeamMembers
from domain.teams.queries.list_teams import ListTeams

TEAMS = "/{organization_id:uuid}/teams"
TEAM = f"{TEAMS}/{{team_id:uuid}}"
MEMBERS = f"{TEAM}/members"
MEMBER = f"{MEMBERS}/{{user_id:uuid}}"

teams = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, TEAMS, ListTeams),
        endpoint(post, TEAMS, CreateTeam),
        endpoint(get, TEAM, GetTeam),
        endpoint(patch, TEAM, UpdateTeam),
        endpoint(delete, TEAM, DeleteTeam, status=204),
        endpoint(post, f"{TEAM}/leave", LeaveTeam, status=204),
        endpoint(get, MEMBERS, ListTeamMembers),
        endpoint(post, MEMBERS, AddTeamMember),
        endpoint(patch, MEMBER, ChangeTeamMember),
        endpoint(delete, MEMBER, RemoveTeamMember, status=204),
    ],
)
