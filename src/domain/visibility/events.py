"""Facts about visibility groups."""

from uuid import UUID

from domain.kernel.events import Event, event


@event
class VisibilityGroupCreated(Event):
    """There is a new visibility group; nobody and nothing is in it yet."""

    type = "visibility.group.created"

    organization_id: UUID
    group_id: UUID
    name: str


@event
class VisibilityGroupUpdated(Event):
    """A visibility group has another name."""

    type = "visibility.group.updated"

    organization_id: UUID
    group_id: UUID
    name: str


@event
class VisibilityGroupDeleted(Event):
    """A visibility group is gone; what was in it alone is seen by everybody again."""

    type = "visibility.group.deleted"

    organization_id: UUID
    group_id: UUID


@event
class VisibilityMemberAdded(Event):
    """A person, or everybody in and below a team, sees what is in a visibility group."""

    type = "visibility.member.added"

    organization_id: UUID
    group_id: UUID
    user_id: UUID | None
    team_id: UUID | None


@event
class VisibilityMemberRemoved(Event):
    """A person or a team is not in a visibility group any more.

    Those who leave the organization, and teams that are deleted, leave its groups without this being said.
    """

    type = "visibility.member.removed"

    organization_id: UUID
    group_id: UUID
    user_id: UUID | None
    team_id: UUID | None


@event
class VisibilityContentAdded(Event):
    """A resource with everything below it, or a person, is seen by those in a visibility group only."""

    type = "visibility.content.added"

    organization_id: UUID
    group_id: UUID
    resource_id: UUID | None
    user_id: UUID | None


@event
class VisibilityContentRemoved(Event):
    """A resource or a person is not in a visibility group any more.

    Those that are deleted, or leave the organization, leave its groups without this being said.
    """

    type = "visibility.content.removed"

    organization_id: UUID
    group_id: UUID
    resource_id: UUID | None
    user_id: UUID | None
