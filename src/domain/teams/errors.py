"""Refusals of the teams capability."""

from domain.kernel.errors import Conflict, NotFound


class TeamNotFound(NotFound):
    """There is no such team in this organization, or none that the actor may see."""

    code = "teams.team_not_found"


class NotAMember(NotFound):
    """There is no such member of this organization, or none that the actor may see: only members can be in teams."""

    code = "teams.not_a_member"


class TeamMemberNotFound(NotFound):
    """There is nobody of that id in this team, or nobody that the actor may see."""

    code = "teams.member_not_found"


class AlreadyInTeam(Conflict):
    """This person is in the team already."""

    code = "teams.already_in_team"


class TeamNameTaken(Conflict):
    """Another team in the same place has this name."""

    code = "teams.name_taken"


class TeamHasTeams(Conflict):
    """There are teams below this one: move or delete them first."""

    code = "teams.has_teams"


class TeamInItself(Conflict):
    """A team cannot lie in itself or below itself."""

    code = "teams.in_itself"


class TeamTooDeep(Conflict):
    """Teams lie in each other at most sixteen deep."""

    code = "teams.too_deep"
