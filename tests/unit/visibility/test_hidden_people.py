"""Whom a wall hides cannot be told from somebody who does not exist, whatever is asked or tried."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from domain.access.commands.import_policy import ImportPolicy
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.errors import NotHeld
from domain.access.facade import Place, Subject
from domain.access.models import OWNER, Grant
from domain.access.queries.get_grant import GetGrant
from domain.access.queries.list_grants import ListGrants
from domain.access.schemas import Grantee
from domain.kernel.access import Permission
from domain.kernel.errors import BypassRequired, DomainError
from domain.kernel.ids import GrantId, UserId, uuid7
from domain.kernel.usecases import Message
from domain.organizations.commands.invite_member import InviteMember
from domain.organizations.commands.leave_organization import LeaveOrganization
from domain.organizations.commands.remove_member import RemoveMember
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.organizations.errors import MemberNotFound
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.change_team_member import ChangeTeamMember
from domain.teams.commands.remove_team_member import RemoveTeamMember
from domain.teams.queries.list_team_members import ListTeamMembers
from domain.teams.schemas import TeamInfo, TeamRole
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.remove_visibility_content import RemoveVisibilityContent
from domain.visibility.commands.remove_visibility_member import RemoveVisibilityMember
from domain.visibility.queries.list_visibility_members import ListVisibilityMembers
from domain.visibility.schemas import VisibilityGroupInfo
from tests.support.memory.tables import GRANTS
from tests.support.world import Person, World

MANAGER = tuple(str(each) for each in Permission if each not in {"visibility:bypass", "organizations:own"})


@dataclass
class Scene:
    """Somebody who may do everything but look over walls, and somebody who is hidden from them."""

    world: World
    manager: Person
    hidden: Person
    crew: TeamInfo
    wall: VisibilityGroupInfo
    grant_id: GrantId

    async def refused(self, message: Message[Any]) -> DomainError:
        """Return the refusal that the manager meets."""
        with pytest.raises(DomainError) as refusal:
            await self.world.send(message, self.manager)
        return refusal.value

    async def same(self, made: Callable[[UserId], Message[Any]]) -> None:
        """Fail unless the hidden person and nobody are refused alike."""
        hidden, nobody = await self.refused(made(self.hidden.id)), await self.refused(made(UserId(uuid7())))
        assert (type(hidden), hidden.detail, hidden.errors) == (type(nobody), nobody.detail, nobody.errors)


@pytest.fixture
async def scene(world: World) -> Scene:
    manager, hidden = await world.person(*MANAGER), await world.person()
    crew, wall = await world.team(), await world.group()
    await world.put(hidden, crew)
    await world.let_see(wall, hidden)
    secret = await world.group("Hides somebody")
    await world.hide(secret, hidden)
    grant = Grant(
        place=Place(world.ours),
        subject=Subject("user", hidden.id),
        role_id=world.role("document:read"),
        created_at=world.app.clock.now(),
    )
    world.app.memory.table(GRANTS)[grant.id] = grant
    return Scene(world, manager, hidden, crew, wall, grant.id)


def tries(scene: Scene) -> dict[str, Callable[[UserId], Message[Any]]]:
    """Return every command that names a person and may be sent by whoever does not look over walls."""
    ours, crew, wall = scene.world.ours, scene.crew.id, scene.wall.id
    role, admin = "member", TeamRole.ADMIN
    return {
        "add to a team": lambda who: AddTeamMember(organization_id=ours, team_id=crew, user_id=who),
        "change in a team": lambda who: ChangeTeamMember(organization_id=ours, team_id=crew, user_id=who, role=admin),
        "remove from a team": lambda who: RemoveTeamMember(organization_id=ours, team_id=crew, user_id=who),
        "let see": lambda who: AddVisibilityMember(organization_id=ours, group_id=wall, user_id=who),
        "let see no more": lambda who: RemoveVisibilityMember(organization_id=ours, group_id=wall, user_id=who),
        "hide": lambda who: AddVisibilityContent(organization_id=ours, group_id=wall, user_id=who),
        "show": lambda who: RemoveVisibilityContent(organization_id=ours, group_id=wall, user_id=who),
        "grant": lambda who: MakeGrant(organization_id=ours, subject=Grantee("user", who), role=role),
        "deny": lambda who: MakeGrant(organization_id=ours, subject=Grantee("user", who), role=role, effect="deny"),
        "import": lambda who: ImportPolicy(
            organization_id=ours, policy=f"p, user:{who}, organization, *, role:{role}, allow"
        ),
        "hand over": lambda who: TransferOwnership(organization_id=ours, user_id=who),
        "remove": lambda who: RemoveMember(organization_id=ours, user_id=who),
    }


async def test_commands_that_name_them_are_answered_as_if_there_were_nobody(scene: Scene) -> None:
    owned = scene.world.role("document:read")
    assert owned
    for made in tries(scene).values():
        await scene.same(made)


async def test_what_they_hold_is_not_there(scene: Scene) -> None:
    ours = scene.world.ours

    def get(which: UUID) -> Message[Any]:
        return GetGrant(organization_id=ours, grant_id=GrantId(which))

    def withdraw(which: UUID) -> Message[Any]:
        return WithdrawGrant(organization_id=ours, grant_id=GrantId(which))

    for made in (get, withdraw):
        there, nowhere = await scene.refused(made(scene.grant_id)), await scene.refused(made(uuid7()))
        assert (type(there), str(there)) == (type(nowhere), str(nowhere))
    shown = await scene.world.send(ListGrants(organization_id=ours, subject_id=scene.hidden.id), scene.manager)
    assert shown.items == []
    everything = await scene.world.send(ListGrants(organization_id=ours, subject_id=scene.hidden.id))
    assert [each.id for each in everything.items] == [scene.grant_id]


async def test_lists_leave_them_out_but_not_of_themselves(scene: Scene) -> None:
    reader = await scene.world.person(*MANAGER)
    await scene.world.hide(await scene.world.group("Another"), reader)
    await scene.world.put(reader, scene.crew)
    members = ListTeamMembers(organization_id=scene.world.ours, team_id=scene.crew.id)
    viewers = ListVisibilityMembers(organization_id=scene.world.ours, group_id=scene.wall.id)

    assert (await scene.world.send(members, scene.manager)).items == []
    assert [each.user_id for each in (await scene.world.send(members, reader)).items] == [reader.id]
    assert len((await scene.world.send(members)).items) == 2
    assert (await scene.world.send(viewers, scene.manager)).items == []
    assert len((await scene.world.send(viewers)).items) == 1


async def test_a_team_admin_still_manages_whom_they_see(scene: Scene) -> None:
    admin, ada = await scene.world.admin(scene.crew), await scene.world.person()
    ids: dict[str, Any] = {"organization_id": scene.world.ours, "team_id": scene.crew.id, "user_id": ada.id}

    await scene.world.send(AddTeamMember(**ids), admin)
    changed = await scene.world.send(ChangeTeamMember(**ids, role=TeamRole.ADMIN), admin)
    assert changed.role == TeamRole.ADMIN
    await scene.world.send(RemoveTeamMember(**ids), admin)


async def test_who_belongs_is_changed_by_those_who_see_everybody(scene: Scene) -> None:
    ada, ours = await scene.world.person(), scene.world.ours
    for message in (
        InviteMember(organization_id=ours, email="somebody@example.com", role="member"),
        RemoveMember(organization_id=ours, user_id=ada.id),
        RemoveMember(organization_id=ours, user_id=scene.hidden.id),
    ):
        assert isinstance(await scene.refused(message), BypassRequired)


async def test_whether_a_team_has_an_owner_is_told_to_nobody_who_may_not_see_them(scene: Scene) -> None:
    for team in (scene.crew, await scene.world.team("Empty")):
        message = MakeGrant(
            organization_id=scene.world.ours, subject=Grantee("team", team.id), role="member", effect="deny"
        )
        assert isinstance(await scene.refused(message), BypassRequired)


async def test_an_owner_who_may_not_see_other_owners_is_not_told_whether_there_are_any(scene: Scene) -> None:
    world, ours = scene.world, scene.world.ours
    owner = await world.person()
    for who in (owner, scene.hidden):
        made = Grant(
            place=Place(ours), subject=Subject("user", who.id), role_id=OWNER, created_at=world.app.clock.now()
        )
        world.app.memory.table(GRANTS)[made.id] = made
    blinded = world.role("visibility:bypass")
    crew = await world.team("Blinded")
    await world.put(owner, crew)
    denial = Grant(
        place=Place(ours),
        subject=Subject("team", crew.id),
        role_id=blinded,
        effect="deny",
        created_at=world.app.clock.now(),
    )
    world.app.memory.table(GRANTS)[denial.id] = denial

    with pytest.raises(BypassRequired):
        await world.send(LeaveOrganization(organization_id=ours), owner)
    for nobody in (scene.hidden.id, UserId(uuid7())):
        with pytest.raises(MemberNotFound):
            await world.send(TransferOwnership(organization_id=ours, user_id=nobody), owner)


async def test_whether_somebody_hidden_is_denied_a_role_is_not_told_by_who_changes_it(scene: Scene) -> None:
    world, ours = scene.world, scene.world.ours
    for role in (world.role("wonder:read"), world.role("marvel:read")):
        refusal = await scene.refused(UpdateRole(organization_id=ours, role_id=role, permissions=[]))
        assert isinstance(refusal, NotHeld)
