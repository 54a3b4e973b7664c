"""An organization and its people, in memory."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from domain.access.facade import Place
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, TeamId, UserId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.schemas import TeamInfo, TeamRole
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.schemas import ContentName, VisibilityGroupInfo
from tests.support.app import App
from tests.support.memory.belonging import add_grant, add_member, add_organization, add_resource, add_role

R = TypeVar("R")


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in."""

    id: UserId
    tokens: Tokens


@dataclass
class World:
    """One organization, and another that has nothing to do with it; `root` may do everything in both."""

    app: App
    ours: OrganizationId
    theirs: OrganizationId
    root: Person

    @classmethod
    async def of(cls, app: App) -> "World":
        """Make them."""
        root = await app.signed_up("root@example.com")
        app.name_superuser(root.id)
        tokens = await app.signed_in("root@example.com")
        return cls(app, add_organization(app.memory), add_organization(app.memory), Person(root.id, tokens))

    async def send(self, message: Message[R], by: Person | None = None) -> R:
        """Run `message` as this person, or as root."""
        return await self.app.send(message, as_=(by or self.root).tokens)

    async def person(self, *permissions: str, within: OrganizationId | None = None) -> Person:
        """Return a new member of the organization who holds these permissions in it."""
        email, organization_id = f"{uuid7()}@example.com", within or self.ours
        user = await self.app.signed_up(email)
        add_member(self.app.memory, organization_id, user.id)
        if permissions:
            role = self.role(*permissions, within=within)
            add_grant(self.app.memory, Place(organization_id), user.id, role, self.app.clock.now(), kind="user")
        return Person(user.id, await self.app.signed_in(email))

    def role(self, *permissions: str, within: OrganizationId | None = None) -> RoleId:
        """Return a new role."""
        return add_role(self.app.memory, within or self.ours, self.app.clock.now(), *permissions)

    def grant(self, team_id: TeamId, *permissions: str, place: Place | None = None, effect: str = "allow") -> None:
        """Grant the team a new role, or deny it."""
        at = self.app.clock.now()
        add_grant(self.app.memory, place or Place(self.ours), team_id, self.role(*permissions), at, effect=effect)

    async def team(
        self, name: str = "Crew", parent: TeamInfo | None = None, within: OrganizationId | None = None
    ) -> TeamInfo:
        """Return a new team."""
        made = CreateTeam(organization_id=within or self.ours, name=name, parent_id=parent.id if parent else None)
        return await self.send(made)

    async def put(self, person: Person, team: TeamInfo, role: TeamRole = TeamRole.MEMBER) -> None:
        """Put somebody in a team."""
        await self.send(
            AddTeamMember(organization_id=team.organization_id, team_id=team.id, user_id=person.id, role=role)
        )

    async def admin(self, team: TeamInfo, *permissions: str) -> Person:
        """Return a new member of the organization who is an admin of the team."""
        made = await self.person(*permissions)
        await self.put(made, team, TeamRole.ADMIN)
        return made

    async def group(self, name: str = "Secret", within: OrganizationId | None = None) -> VisibilityGroupInfo:
        """Return a new visibility group."""
        return await self.send(CreateVisibilityGroup(organization_id=within or self.ours, name=name))

    async def let_see(self, group: VisibilityGroupInfo, who: Person | TeamInfo) -> None:
        """Put somebody in a visibility group."""
        user_id, team_id = (who.id, None) if isinstance(who, Person) else (None, who.id)
        message = AddVisibilityMember(
            organization_id=group.organization_id, group_id=group.id, user_id=user_id, team_id=team_id
        )
        await self.send(message)

    async def hide(self, group: VisibilityGroupInfo, what: ContentName | Person) -> None:
        """Put something in a visibility group."""
        resource, user_id = (None, what.id) if isinstance(what, Person) else (what, None)
        message = AddVisibilityContent(
            organization_id=group.organization_id, group_id=group.id, resource=resource, user_id=user_id
        )
        await self.send(message)

    def resource(
        self,
        parent: ContentName | None = None,
        owner: Person | None = None,
        within: OrganizationId | None = None,
    ) -> ContentName:
        """Return a new resource."""
        above = id_of(parent) if parent else None
        made = add_resource(self.app.memory, within or self.ours, above, owner.id if owner else None)
        return ContentName("folder", str(made))

    @property
    def told(self) -> list[tuple[str, dict[str, object]]]:
        """What was announced about teams and visibility groups."""
        return [(fact.type, fact.data) for fact in self.app.facts if fact.type.split(".")[0] in {"teams", "visibility"}]


def id_of(resource: ContentName) -> ResourceId:
    """Return the id of a resource of this world."""
    return ResourceId(UUID(resource.id))
