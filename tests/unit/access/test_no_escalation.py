"""No sequence of allowed commands gives anyone more than they could be given."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import product
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.access.commands.create_role import CreateRole
from domain.access.commands.delete_role import DeleteRole
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.models import OWNER, Grant, Role
from domain.access.schemas import GrantedOn, Grantee
from domain.identity.commands.create_service_account import CreateServiceAccount
from domain.identity.commands.deactivate_service_account import DeactivateServiceAccount
from domain.identity.commands.reactivate_service_account import ReactivateServiceAccount
from domain.kernel.errors import DomainError
from domain.kernel.ids import OrganizationId, RoleId, TeamId
from domain.kernel.usecases import Command
from tests.support.app import App
from tests.support.memory.grant_lists import known_roles
from tests.support.memory.roles import SYSTEM
from tests.support.memory.tables import GRANTS, RESOURCES, ROLES, SERVICE_ACCOUNTS
from tests.unit.access.conftest import Person, World

R = TypeVar("R")

PEOPLE, NAMES = 5, ["one", "two", "three", "four"]
"""Of the people one is an owner at first, one an admin, one may make grants, one edit roles, and one is an admin for a
while; to two of them something is denied."""
SEEDED = ["owner", "admin", "member", "auditor"]
ROBOT = PEOPLE
"""The number of the service account, which nobody acts as; at first it is not active."""
PERMISSIONS = [
    "a:read",
    "b:read",
    "grants:write",
    "roles:write",
    "members:read",
    "organizations:own",
    "service_accounts:write",
]
PLACES = ["", "top", "top/", "leaf", "leaf/"]
"""The whole organization, a resource, or with a slash everything in it too; `leaf` lies in `top`."""
CONDITION = {"resource.status": {"eq": "draft"}}

Held = frozenset[tuple[int, str, str, str]]
"""Who has which permission on what and when, by an allow that nothing takes away."""

people = st.integers(0, PEOPLE - 1)
roles = st.sampled_from(NAMES + SEEDED)
permissions = st.lists(st.sampled_from(PERMISSIONS), max_size=3, unique=True)
inherits = st.lists(roles, max_size=2, unique=True)


class Escalation(RuleBasedStateMachine):
    """Random commands of random members, judged by a model that knows nothing of how they are judged."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.app = App()
        self.world = World(self.app)
        self.ours: OrganizationId = self.world.organization()
        self.people: list[Person] = []
        self.run(self._begin())
        self.start = self.app.clock.now()
        self.known = self.held()
        self.owners = self.owning()
        self.by = 0

    async def _begin(self) -> None:
        for role in ("owner", "admin", None, None, None):
            self.people.append(await self.world.member(self.ours, *([role] if role else [])))
        owner = self.people[0]
        await self.world.role(owner, self.ours, "one", "grants:write", "members:read", "service_accounts:write")
        await self.world.role(owner, self.ours, "two", "roles:write", "grants:write")
        ends = self.app.clock.now() + timedelta(hours=2)
        for person, role, more in (
            (2, "one", {}),
            (2, "auditor", {"effect": "deny"}),
            (3, "two", {}),
            (3, "admin", {"effect": "deny"}),
            (4, "admin", {"expires_at": ends}),
        ):
            self.world.grant(self.ours, self.people[person].id, role, **more)
        top = self.world.resource(self.ours, "top")
        self.world.resource(self.ours, "leaf", (top,))
        created = CreateServiceAccount(organization_id=self.ours, name="Robot")
        self.robot = (await self.app.send(created, as_=owner.tokens)).id
        await self.world.give(owner, self.ours, Grantee("service_account", self.robot), "two")
        stopped = DeactivateServiceAccount(organization_id=self.ours, service_account_id=self.robot)
        await self.app.send(stopped, as_=owner.tokens)
        self.teams: list[TeamId] = [self.world.team(self.ours, *self.people[3:])]

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.loop.close()

    @rule(by=people, to=st.integers(-1, ROBOT), role=roles, place=st.sampled_from(PLACES), more=st.data())
    def grant(self, by: int, to: int, role: str, place: str, more: st.DataObject) -> None:
        others = {-1: Grantee("team", self.teams[0]), ROBOT: Grantee("service_account", self.robot)}
        subject = others.get(to) or self.people[to].grantee
        self.send(
            by,
            MakeGrant(
                organization_id=self.ours,
                subject=subject,
                role=role,
                on=GrantedOn("document", place.rstrip("/")) if place else None,
                below=place.endswith("/"),
                effect=more.draw(st.sampled_from(["allow", "allow", "allow", "deny"])),
                condition=more.draw(st.sampled_from([None, None, None, CONDITION])),
                expires_at=more.draw(st.sampled_from([None, None, self.start + timedelta(hours=2)])),
            ),
        )

    @precondition(lambda self: self.grants())
    @rule(by=people, number=st.integers(0))
    def withdraw(self, by: int, number: int) -> None:
        grants = self.grants()
        self.send(by, WithdrawGrant(organization_id=self.ours, grant_id=grants[number % len(grants)].id))

    @rule(by=people, kind=st.sampled_from([DeactivateServiceAccount, ReactivateServiceAccount]))
    def switch(self, by: int, kind: type[Any]) -> None:
        self.send(by, kind(organization_id=self.ours, service_account_id=self.robot))

    @rule(by=people, name=st.sampled_from(NAMES), permissions=permissions, inherits=inherits)
    def create(self, by: int, name: str, permissions: list[str], inherits: list[str]) -> None:
        made = CreateRole(organization_id=self.ours, name=name, permissions=permissions, inherits=inherits)
        self.send(by, made)

    @rule(by=people, role=roles, permissions=permissions, inherits=inherits)
    def update(self, by: int, role: str, permissions: list[str], inherits: list[str]) -> None:
        self.about(
            role,
            lambda role_id: self.send(
                by, UpdateRole(organization_id=self.ours, role_id=role_id, permissions=permissions, inherits=inherits)
            ),
        )

    @rule(by=people, role=roles)
    def delete(self, by: int, role: str) -> None:
        self.about(role, lambda role_id: self.send(by, DeleteRole(organization_id=self.ours, role_id=role_id)))

    @rule()
    def wait(self) -> None:
        self.app.clock.pass_by(timedelta(hours=1))
        self.known = self.held()

    @invariant()
    def nobody_got_more_than_the_one_who_acted_held(self) -> None:
        now = self.held()
        mine = {each[1:] for each in self.known if each[0] == self.by}
        assert {each[1:] for each in now - self.known} <= mine
        self.known = now

    @invariant()
    def owners_are_made_by_owners_and_there_is_always_one(self) -> None:
        owners = self.owning()
        assert owners
        assert owners == self.owners or self.by in self.owners
        self.owners = owners

    @invariant()
    def only_owners_own(self) -> None:
        owning = {person for person, permission, *_ in self.held() if permission == "organizations:own"}
        assert owning <= self.owning()

    def send(self, by: int, command: Command[Any]) -> None:
        self.by = by
        try:
            self.run(self.app.send(command, as_=self.people[by].tokens))
        except DomainError:
            assert self.held() == self.known

    def about(self, name: str, do: Callable[[RoleId], None]) -> None:
        for role_id, each in known_roles(self.app.memory).items():
            if each.name == name:
                do(role_id)

    def grants(self) -> list[Grant]:
        return sorted(self.app.memory.table(GRANTS).values(), key=lambda each: each.id)

    def owning(self) -> set[int]:
        owners = {each.subject.id for each in self.grants() if each.role_id == OWNER}
        return {number for number, each in enumerate(self.people) if each.id in owners}

    def held(self) -> Held:
        """Return what everybody surely has: now, and when everything that ends has ended."""
        contents = self._contents()
        grants = [(self._people(each), contents[each.role_id], self._extent(each), each) for each in self.grants()]
        found: set[tuple[int, str, str, str]] = set()
        for moment in (self.app.clock.now(), self.start + timedelta(days=1)):
            allowed: set[tuple[int, str, str]] = set()
            denied: set[tuple[int, str, str]] = set()
            for people, permissions, extent, grant in grants:
                if grant.expires_at is not None and grant.expires_at <= moment:
                    continue
                if grant.denies or grant.condition is None:
                    (denied if grant.denies else allowed).update(product(people, permissions, extent))
            when = "now" if moment == self.app.clock.now() else "later"
            found |= {(*each, when) for each in allowed - denied}
        return frozenset(found)

    def _people(self, grant: Grant) -> list[int]:
        if grant.subject.type == "service_account":
            return [ROBOT] if self.app.memory.table(SERVICE_ACCOUNTS)[self.robot].is_active else []
        team = {each.id for each in self.people[3:]} if grant.subject.type == "team" else set()
        return [number for number, each in enumerate(self.people) if each.id in {grant.subject.id} | team]

    def _contents(self) -> dict[RoleId, set[str]]:
        known: dict[RoleId, Role] = SYSTEM | self.app.memory.table(ROLES)

        def within(role_id: RoleId) -> set[str]:
            return {*known[role_id].permissions}.union(*map(within, known[role_id].inherits))

        return {role_id: within(role_id) for role_id in known}

    def _extent(self, grant: Grant) -> set[str]:
        if grant.place.resource_id is None:
            return EXTENT[""]
        name = self.app.memory.table(RESOURCES)[grant.place.resource_id].external_id
        return EXTENT[f"{name}{'/' if grant.place.below else ''}"]


EXTENT = {
    "": {"the rest", "top", "the rest of top", "leaf", "what comes into leaf"},
    "top": {"top"},
    "top/": {"top", "the rest of top", "leaf", "what comes into leaf"},
    "leaf": {"leaf"},
    "leaf/": {"leaf", "what comes into leaf"},
}

TestNoEscalation = Escalation.TestCase
TestNoEscalation.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
