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

TEAM = "/{team_id:uuid}"
MEMBER = f"{TEAM}/members/{{user_id:uuid}}"

teams = Router(
    "/",
    tags=["Teams"],
    route_handlers=[
        endpoint(verb, f"/auth/organizations/{{organization_id:uuid}}/teams{path}", message, status=status)
        for verb, path, message, status in (
            (get, "", ListTeams, None),
            (post, "", CreateTeam, None),
            (get, TEAM, GetTeam, None),
            (patch, TEAM, UpdateTeam, None),
            (delete, TEAM, DeleteTeam, 204),
            (get, f"{TEAM}/members", ListTeamMembers, None),
            (post, f"{TEAM}/members", AddTeamMember, None),
            (patch, MEMBER, ChangeTeamMember, None),
            (delete, MEMBER, RemoveTeamMember, 204),
            (post, f"{TEAM}/leave", LeaveTeam, 204),
        )
    ],
)
