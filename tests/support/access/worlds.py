"""Everything a decision is made of, as plain lists of rows, and things that are asked about."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class User(NamedTuple):
    id: UUID
    is_active: bool = True
    email_verified: bool = False


class ServiceAccount(NamedTuple):
    id: UUID
    organization_id: UUID
    is_active: bool = True


class Membership(NamedTuple):
    organization_id: UUID
    user_id: UUID


class Team(NamedTuple):
    id: UUID
    organization_id: UUID
    parent_id: UUID | None = None


class TeamMember(NamedTuple):
    team_id: UUID
    user_id: UUID


class Role(NamedTuple):
    id: UUID
    organization_id: UUID | None
    """None for a system role."""
    permissions: tuple[str, ...] = ()


class Inherits(NamedTuple):
    role_id: UUID
    inherited_id: UUID


class Granted(NamedTuple):
    id: UUID
    organization_id: UUID
    subject_type: str
    subject_id: UUID
    role_id: UUID
    resource_id: UUID | None = None
    below: bool = False
    effect: str = "allow"
    condition: str | None = None
    """JSON."""
    expires_at: datetime | None = None


class Resource(NamedTuple):
    id: UUID
    organization_id: UUID
    type: str
    external_id: str
    owner_id: UUID | None = None
    parent_id: UUID | None = None
    attributes: str = "{}"
    """JSON."""


class Viewer(NamedTuple):
    group_id: UUID
    user_id: UUID | None = None
    team_id: UUID | None = None


class Content(NamedTuple):
    group_id: UUID
    organization_id: UUID
    resource_id: UUID | None = None
    user_id: UUID | None = None


class Somebody(NamedTuple):
    """A person who is looked at."""

    user_id: UUID


class Planned(NamedTuple):
    """A resource that is not there yet."""

    type: str
    parent_id: UUID | None
    attributes: str = "{}"
    external_id: str = "new"


Row = User | ServiceAccount | Membership | Team | TeamMember | Role | Inherits | Granted | Resource | Viewer | Content


@dataclass
class World:
    """Rows; nothing in it is derived from anything else in it."""

    users: list[User] = field(default_factory=list)
    service_accounts: list[ServiceAccount] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    team_members: list[TeamMember] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    inherits: list[Inherits] = field(default_factory=list)
    grants: list[Granted] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)

    def copy(self) -> "World":
        """Return a world that may be changed apart; rows are immutable."""
        return replace(self, **{name: list(rows) for name, rows in vars(self).items()})


def row(rows: list[Any], id_: UUID | None) -> Any:
    """Return the row with that id, None without one."""
    return next((each for each in rows if each.id == id_), None)


def path(rows: list[Any], id_: UUID | None) -> list[UUID]:
    """Return `id_` and what is above it, itself first."""
    found: list[UUID] = []
    while id_ is not None and id_ not in found and (at := row(rows, id_)):
        found.append(id_)
        id_ = at.parent_id
    return found


def wall(world: World, along: list[UUID]) -> UUID | None:
    """Return the first of a path that is in a visibility group."""
    return next((each for each in along if any(c.resource_id == each for c in world.contents)), None)
