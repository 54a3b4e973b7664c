"""An organization in memory, and people in it."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from domain.access.commands.create_role import CreateRole
from domain.access.commands.make_grant import MakeGrant
from domain.access.facade import Place, Subject
from domain.access.models import Grant
from domain.access.queries.list_grants import ListGrants
from domain.access.schemas import GrantedOn, Grantee, GrantInfo, RoleInfo
from domain.kernel.ids import OrganizationId, ResourceId, TeamId, UserId, uuid7
from domain.kernel.tokens import Tokens
from tests.support.app import App
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.roles import known_by_name
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, RESOURCES, TEAM_MEMBERS, TEAMS


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    id: UserId
    tokens: Tokens

    @property
    def grantee(self) -> Grantee:
        """How requests name them."""
        return Grantee("user", self.id)


@dataclass
class World:
    """What there was before the test began was never announced: it is put where it belongs."""

    app: App

    def organization(self) -> OrganizationId:
        """Return a new organization, without anybody in it."""
        made = OrganizationId(uuid7())
        self.app.memory.table(ORGANIZATIONS)[made] = SimpleNamespace(id=made)
        return made

    async def person(self) -> Person:
        """Return somebody who belongs to nothing."""
        email = f"{uuid7()}@example.com"
        user = await self.app.signed_up(email)
        return Person(user.id, await self.app.signed_in(email))

    async def member(self, organization_id: OrganizationId, *roles: str) -> Person:
        """Return a new member who has these roles in the whole organization."""
        person = await self.person()
        self.join(organization_id, person)
        for role in roles:
            self.grant(organization_id, person.id, role)
        return person

    def join(self, organization_id: OrganizationId, person: Person) -> None:
        """Make somebody a member."""
        row = SimpleNamespace(organization_id=organization_id, user_id=person.id)
        self.app.memory.table(MEMBERSHIPS)[organization_id, person.id] = row

    def grant(self, organization_id: OrganizationId, user_id: UserId, role: str, **more: Any) -> Grant:
        """Grant a role in the whole organization."""
        grant = Grant(
            place=Place(organization_id),
            subject=Subject("user", user_id),
            role_id=known_by_name(self.app.memory, organization_id, role),
            created_at=self.app.clock.now(),
            **more,
        )
        self.app.memory.table(GRANTS)[grant.id] = grant
        return grant

    def team(self, organization_id: OrganizationId, *members: Person, within: tuple[TeamId, ...] = ()) -> TeamId:
        """Return a new team of these people."""
        made = TeamId(uuid7())
        row = SimpleNamespace(id=made, organization_id=organization_id, path=(made, *within))
        self.app.memory.table(TEAMS)[made] = row
        for each in members:
            self.app.memory.table(TEAM_MEMBERS)[made, each.id] = SimpleNamespace(team_id=made, user_id=each.id)
        return made

    def resource(
        self, organization_id: OrganizationId, name: str, within: tuple[ResourceId, ...] = (), *, walled: bool = False
    ) -> ResourceId:
        """Return a new resource of type `document`, behind a wall that nobody sees through if it is `walled`."""
        made = ResourceId(uuid7())
        self.app.memory.table(RESOURCES)[made] = SimpleNamespace(
            id=made,
            organization_id=organization_id,
            type="document",
            external_id=name,
            path=(made, *within),
            owner_id=None,
            wall_id=made if walled else None,
        )
        return made

    async def role(
        self, by: Person, organization_id: OrganizationId, name: str, *permissions: str, **more: Any
    ) -> RoleInfo:
        """Have somebody make a role."""
        created = CreateRole(organization_id=organization_id, name=name, permissions=list(permissions), **more)
        return await self.app.send(created, as_=by.tokens)

    async def give(
        self, by: Person, organization_id: OrganizationId, to: Grantee, role: str, on: str | None = None, **more: Any
    ) -> GrantInfo:
        """Have somebody grant a role."""
        place = GrantedOn("document", on) if on else None
        made = MakeGrant(organization_id=organization_id, subject=to, role=role, on=place, **more)
        return await self.app.send(made, as_=by.tokens)


async def listed(
    app: App, by: Person, organization_id: OrganizationId, limit: int = 50, **wanted: Any
) -> list[GrantInfo]:
    """Return all grants that are listed, page by page."""
    found: list[GrantInfo] = []
    cursor = None
    while True:
        message = ListGrants(organization_id=organization_id, limit=limit, cursor=cursor, **wanted)
        page = await app.send(message, as_=by.tokens)
        found += page.items
        if (cursor := page.next) is None:
            return found


async def superuser(world: World) -> Person:
    """Return somebody who may do everything."""
    root = await world.person()
    world.app.name_superuser(root.id)
    return root


@pytest.fixture
def world(app: App) -> World:
    return World(app)


@pytest.fixture
def ours(world: World) -> OrganizationId:
    return world.organization()


@pytest.fixture
async def owner(world: World, ours: OrganizationId) -> Person:
    return await world.member(ours, "owner")


@pytest.fixture
async def admin(world: World, ours: OrganizationId) -> Person:
    return await world.member(ours, "admin")


@pytest.fixture
async def ada(world: World, ours: OrganizationId) -> Person:
    """A plain member."""
    return await world.member(ours, "member")
