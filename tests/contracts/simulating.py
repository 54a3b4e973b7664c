"""What every `Trials`, with the `Trial` that it yields, promises, as those see it who ask for it."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

import pytest

from domain.access.answers import Difference
from domain.access.answers import Held as Permitted
from domain.access.asking import Entity
from domain.access.commands.create_role import CreateRole
from domain.access.commands.import_policy import ImportPolicy
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.errors import NotHeld, RoleNotFound
from domain.access.paging import Page
from domain.access.queries.export_policy import ExportPolicy
from domain.access.queries.list_grants import ListGrants
from domain.access.queries.simulate_change import EACH, SimulateChange
from domain.access.schemas import GrantedOn, Grantee, GrantInfo, RoleInfo
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, UserId, uuid7
from domain.kernel.usecases import Command
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.remove_member import RemoveMember
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.schemas import ResourceName, ResourceToRegister
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.update_team import UpdateTeam
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.schemas import ContentName

READ = frozenset({("document:read", None)})
Held = AbstractSet[tuple[str, str | None]]
"""Permissions, and the external ids of what they are about."""


class Site(Protocol):
    """The whole service."""

    async def stranger(self) -> UserId:
        """Return somebody who belongs to nothing."""

    async def superuser(self) -> UserId:
        """Return somebody who may do everything."""

    async def send(self, message: Any, by: UserId) -> Any:
        """Run a message as somebody."""


@dataclass
class Office:
    """An organization, and what is in it."""

    site: Site
    root: UserId
    id: OrganizationId
    people: set[UserId] = field(default_factory=set)

    @classmethod
    async def of(cls, site: Site) -> "Office":
        root = await site.superuser()
        made = await site.send(CreateOrganization(name="Office", slug=f"o{uuid7().hex}"), root)
        return cls(site, root, made.id)

    async def do(self, message: type[Command[Any]], **fields: Any) -> Any:
        return await self.site.send(message(organization_id=self.id, **fields), self.root)  # type: ignore[call-arg]

    async def person(self, *permissions: str) -> UserId:
        """Return a new member who holds nothing but these."""
        found = await self.site.stranger()
        self.people.add(found)
        await self.do(AddMember, user_id=found, role=(await self.role(*permissions)).name)
        return found

    async def role(self, *permissions: str, inherits: tuple[str, ...] = ()) -> RoleInfo:
        made: RoleInfo = await self.do(
            CreateRole, name=uuid7().hex, permissions=list(permissions), inherits=list(inherits)
        )
        return made

    async def grant(self, to: UserId, role: str, on: str | None = None, **more: Any) -> GrantInfo:
        made: GrantInfo = await self.site.send(self.granting(to, role, on, **more), self.root)
        return made

    def granting(self, to: UserId, role: str, on: str | None = None, **more: Any) -> MakeGrant:
        place = GrantedOn("document", on) if on else None
        return MakeGrant(organization_id=self.id, subject=Grantee("user", to), role=role, on=place, **more)

    async def document(self, name: str, parent: str | None = None, **more: Any) -> ResourceId:
        within = ResourceName("document", parent) if parent else None
        made = await self.do(CreateResource, type="document", external_id=name, parent=within, **more)
        return ResourceId(made.id)

    async def wall(self, *viewers: UserId, name: str | None = None, person: UserId | None = None) -> GroupId:
        """Hide a document, or a person, from all but the viewers."""
        group_id = GroupId((await self.do(CreateVisibilityGroup, name=uuid7().hex)).id)
        for each in viewers:
            await self.do(AddVisibilityMember, group_id=group_id, user_id=each)
        content = ContentName("document", name) if name else None
        await self.do(AddVisibilityContent, group_id=group_id, resource=content, user_id=person)
        return group_id

    def asking(self, change: Command[Any], **more: Any) -> SimulateChange:
        return SimulateChange(organization_id=self.id, change=change, **more)

    async def simulate(self, change: Command[Any], by: UserId | None = None, **more: Any) -> list[Difference]:
        """Return what all pages tell."""
        found: list[Difference] = []
        asked = self.asking(change, **more)
        while True:
            page = await self.site.send(asked, by or self.root)
            found += page.results
            if not page.next:
                return found
            asked = replace(asked, page=Page(page.next))

    async def told(
        self, change: Command[Any], by: UserId | None = None, **more: Any
    ) -> dict[UserId, tuple[Held, Held]]:
        """Return by person what they gain and lose of documents; others there may be are left out."""
        found: dict[UserId, tuple[Held, Held]] = {}
        for each in await self.simulate(change, by, **more):
            user_id, gains, loses = UserId(UUID(each.subject.id)), _documents(each.gains), _documents(each.loses)
            if user_id in self.people and (gains or loses):
                found[user_id] = gains, loses
        return found


def _documents(held: list[Permitted]) -> Held:
    return {(each.permission, each.on.id if each.on else None) for each in held if each.permission.startswith("doc")}


@pytest.fixture
async def office(site: Site) -> Office:
    return await Office.of(site)


class TrialsContract:
    """Subclasses provide the fixture `site`."""

    async def test_tells_what_a_grant_would_give_and_gives_nothing(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read", "document:write")
        await office.document("plan")
        await office.document("memo", "plan")
        whole = await office.told(office.granting(ada, reader.name))
        below = await office.told(office.granting(ada, reader.name, "plan", below=True))
        here = await office.told(office.granting(ada, reader.name, "plan"))

        names = {"document:read", "document:write"}
        assert whole == {ada: ({(each, on) for each in names for on in (None, "plan", "memo")}, frozenset())}
        assert below == {ada: ({(each, on) for each in names for on in ("plan", "memo")}, frozenset())}
        assert here == {ada: ({(each, "plan") for each in names}, frozenset())}
        grants = await office.site.send(ListGrants(organization_id=office.id, subject_id=ada), office.root)
        assert [each.role for each in grants.items] != [reader.name]
        assert not [each for each in grants.items if each.role == reader.name]

    async def test_tells_what_a_withdrawal_takes_but_for_what_is_held_otherwise(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read")
        other = await office.role(inherits=(reader.name,))
        await office.document("plan")
        await office.document("memo")
        grant = await office.grant(ada, reader.name)
        await office.grant(ada, other.name, "memo")

        told = await office.told(WithdrawGrant(organization_id=office.id, grant_id=grant.id))

        assert told == {ada: (frozenset(), {("document:read", None), ("document:read", "plan")})}

    async def test_a_role_reaches_those_who_hold_what_inherits_it_in_teams_below(self, office: Office) -> None:
        ada, eve = await office.person(), await office.person()
        base = await office.role("document:read")
        heir = await office.role(inherits=(base.name,))
        top = await office.do(CreateTeam, name="top")
        sub = await office.do(CreateTeam, name="sub", parent_id=top.id)
        await office.do(AddTeamMember, team_id=sub.id, user_id=ada)
        await office.do(MakeGrant, subject=Grantee("team", top.id), role=heir.name)
        await office.grant(eve, base.name)

        told = await office.told(UpdateRole(organization_id=office.id, role_id=base.id, permissions=["document:write"]))

        change = frozenset({("document:write", None)}), READ
        assert told == {ada: change, eve: change}

    async def test_a_team_that_moves_takes_its_people_along(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read")
        top = await office.do(CreateTeam, name="top")
        lone = await office.do(CreateTeam, name="lone")
        sub = await office.do(CreateTeam, name="sub", parent_id=lone.id)
        await office.do(AddTeamMember, team_id=sub.id, user_id=ada)
        await office.do(MakeGrant, subject=Grantee("team", top.id), role=reader.name)

        told = await office.told(UpdateTeam(organization_id=office.id, team_id=lone.id, parent_id=top.id))

        assert told == {ada: (READ, frozenset())}

    async def test_a_wall_hides_what_is_in_it_from_all_but_its_people_and_owners(self, office: Office) -> None:
        ada, eve, bob = [await office.person("document:read") for _ in range(3)]
        await office.document("plan")
        await office.document("memo", "plan", owner=bob)
        group_id = GroupId((await office.do(CreateVisibilityGroup, name="few")).id)
        await office.do(AddVisibilityMember, group_id=group_id, user_id=eve)

        told = await office.told(
            AddVisibilityContent(organization_id=office.id, group_id=group_id, resource=ContentName("document", "plan"))
        )

        plan, memo = ("document:read", "plan"), ("document:read", "memo")
        assert told == {ada: (frozenset(), {plan, memo}), bob: (frozenset(), {plan})}

    async def test_a_second_group_opens_a_wall_and_all_behind_it(self, office: Office) -> None:
        ada, eve = await office.person("document:read"), await office.person("document:read")
        await office.document("plan")
        await office.document("memo", "plan")
        await office.wall(eve, name="plan")
        group_id = GroupId((await office.do(CreateVisibilityGroup, name="more")).id)
        await office.do(AddVisibilityMember, group_id=group_id, user_id=ada)

        told = await office.told(
            AddVisibilityContent(organization_id=office.id, group_id=group_id, resource=ContentName("document", "plan"))
        )

        assert told == {ada: ({("document:read", "plan"), ("document:read", "memo")}, frozenset())}

    async def test_what_comes_and_goes_is_gained_and_lost(self, office: Office) -> None:
        ada = await office.person("document:read")
        plan = await office.document("plan")

        made = RegisterResources(organization_id=office.id, resources=[ResourceToRegister("document", "new")])
        gone = DeleteResource(organization_id=office.id, resource_id=plan)

        assert await office.told(made) == {ada: ({("document:read", "new")}, frozenset())}
        assert await office.told(gone) == {ada: (frozenset(), {("document:read", "plan")})}

    async def test_whoever_goes_loses_everything(self, office: Office) -> None:
        ada = await office.person("document:read")
        await office.document("plan")
        everything = {("document:read", None), ("document:read", "plan")}

        assert await office.told(RemoveMember(organization_id=office.id, user_id=ada)) == {
            ada: (frozenset(), everything)
        }
        assert await office.told(DeactivateUser(user_id=ada)) == {ada: (frozenset(), everything)}

    async def test_conditions_are_judged_by_the_context(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read")
        change = office.granting(ada, reader.name, condition={"context.place": {"eq": "office"}})

        assert await office.told(change) == {}
        assert await office.told(change, attributes={"place": "office"}) == {ada: (READ, frozenset())}

    async def test_a_change_that_would_be_refused_is_refused(self, office: Office) -> None:
        ada = await office.person()
        clerk = await office.person("access:simulate", "grants:write")
        reader = await office.role("document:read")

        with pytest.raises(NotHeld):
            await office.simulate(office.granting(ada, reader.name), clerk)
        with pytest.raises(RoleNotFound):
            await office.simulate(office.granting(ada, "nothing"), clerk)

    async def test_takes_the_permission_to_simulate_and_those_of_the_change(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read")
        change = office.granting(ada, reader.name)
        with pytest.raises(Forbidden):
            await office.simulate(change, await office.person("grants:write", "document:read"))
        with pytest.raises(Forbidden):
            await office.simulate(change, await office.person("access:simulate", "document:read"))
        with pytest.raises(OrganizationNotFound):
            await office.simulate(change, await office.site.stranger())

        both = await office.person("access:simulate", "grants:write", "document:read")
        assert await office.told(change, both) == {ada: (READ, frozenset())}

    async def test_does_not_look_where_one_may_not_whatever_may_be_changed_elsewhere(self, office: Office) -> None:
        other = await Office.of(office.site)
        clerk = await office.person("access:simulate", "grants:write", "document:read")
        change = office.granting(clerk, (await office.role("document:read")).name)

        with pytest.raises(OrganizationNotFound):
            await office.site.send(replace(other.asking(change), organization_id=other.id), clerk)
        elsewhere = other.granting(clerk, "member")
        with pytest.raises(OrganizationNotFound):
            await office.simulate(elsewhere, clerk)

    async def test_a12_tells_nothing_of_what_the_asker_may_not_see(self, office: Office) -> None:
        held = ("access:simulate", "grants:write", "roles:write", "document:read", "document:write")
        clerk, ada, eve = await office.person(*held), await office.person(), await office.person()
        reader = await office.role("document:read")
        for each in (clerk, ada, eve):
            await office.grant(each, reader.name)
        for name in ("plan", "secret"):
            await office.document(name)
        await office.wall(ada, clerk, name="plan")
        await office.wall(ada, name="secret")
        await office.wall(person=eve)
        change = UpdateRole(
            organization_id=office.id, role_id=reader.id, permissions=["document:read", "document:write"]
        )

        written = {("document:write", None), ("document:write", "plan"), ("document:write", "secret")}
        assert await office.told(change) == {
            ada: (written, frozenset()),
            eve: ({("document:write", None)}, frozenset()),
        }
        assert await office.told(change, clerk) == {ada: (written - {("document:write", "secret")}, frozenset())}
        assert await office.told(change, clerk, subject=Entity("user", str(eve))) == {}

    async def test_pages_are_of_the_same_change_only(self, office: Office) -> None:
        base = await office.role("document:read")
        for _ in range(3):
            await office.grant(await office.person(), base.name)
        change = UpdateRole(organization_id=office.id, role_id=base.id, permissions=["document:write"])
        first = await office.site.send(office.asking(change, page=Page(limit=2)), office.root)

        assert len(first.results) == 2
        rest = await office.site.send(office.asking(change, page=Page(first.next)), office.root)
        assert (len(rest.results), rest.next) == (1, "")
        for other in (
            office.asking(replace(change, permissions=[]), page=Page(first.next)),
            office.asking(change, page=Page(first.next), attributes={"place": "office"}),
            office.asking(change, page=Page(first.next), subject=first.results[0].subject),
            office.asking(change, page=Page(first.next, 3)),
        ):
            with pytest.raises(CursorInvalid):
                await office.site.send(other, office.root)

    async def test_one_of_many_is_told_in_part_and_alone_in_full(self, office: Office) -> None:
        ada, reader = await office.person(), await office.role("document:read")
        names = {f"d{each}" for each in range(EACH + 5)}
        documents = [ResourceToRegister("document", each) for each in sorted(names)]
        await office.do(RegisterResources, resources=documents)
        change = office.granting(ada, reader.name)

        (part,) = await office.simulate(change)
        whole = await office.simulate(change, subject=Entity("user", str(ada)), page=Page(limit=40))

        assert (len(part.gains), part.more) == (EACH, True)
        assert [len(each.gains) for each in whole] == [40, 40, 26]
        assert [each.more for each in whole] == [True, True, False]
        assert {each.on and each.on.id for some in whole for each in some.gains} == {None, *names}
        assert part.gains[:40] == whole[0].gains

    async def test_what_changes_nothing_is_told_so(self, office: Office) -> None:
        policy = (await office.site.send(ExportPolicy(organization_id=office.id), office.root)).policy
        assert await office.simulate(ImportPolicy(organization_id=office.id, policy=policy, dry_run=True)) == []
        assert await office.simulate(CreateTeam(organization_id=office.id, name="team")) == []
        ada, reader = await office.person("document:read"), await office.role("document:read")
        assert await office.told(office.granting(ada, reader.name)) == {}
        assert await office.told(CreateTeam(organization_id=office.id, name="team"), subject=Entity("team", "x")) == {}
