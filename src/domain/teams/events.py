"""Facts about teams."""

from uuid import UUID

from domain.kernel.events import Event, event


@event
class TeamCreated(Event):
    """There is a new team; nobody is in it yet."""

    type = "teams.team.created"

    organization_id: UUID
    team_id: UUID
    parent_id: UUID | None
    name: str


@event
class TeamUpdated(Event):
    """A team has another name."""

    type = "teams.team.updated"

    organization_id: UUID
    team_id: UUID
    name: str


@event
class TeamMoved(Event):
    """A team lies elsewhere, and everything below it with it; without a parent it lies at the top."""

    type = "teams.team.moved"

    organization_id: UUID
    team_id: UUID
    parent_id: UUID | None


@event
class TeamDeleted(Event):
    """A team is gone, with what was granted to it; nobody is in it any more."""

    type = "teams.team.deleted"

    organization_id: UUID
    team_id: UUID


@event
class TeamMemberAdded(Event):
    """A person is in a team, as `member` or as `admin`."""

    type = "teams.member.added"

    organization_id: UUID
    team_id: UUID
    user_id: UUID
    role: str


@event
class TeamMemberChanged(Event):
    """A person is another thing in a team than before: `member` or `admin`."""

    type = "teams.member.changed"

    organization_id: UUID
    team_id: UUID
    user_id: UUID
    role: str


@event
class TeamMemberRemoved(Event):
    """A person is not in a team any more. Those who leave the organization leave its teams without this being said."""

    type = "teams.member.removed"

    organization_id: UUID
    team_id: UUID
    user_id: UUID
