"""Who is in teams, and what their admins may do."""

from typing import Any

import pytest

from domain.access.facade import NotHeld, Place
from domain.kernel.errors import Forbidden
from domain.kernel.ids import UserId, uuid7
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.change_team_member import ChangeTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.delete_team import DeleteTeam
from domain.teams.commands.leave_team import LeaveTeam
from domain.teams.commands.remove_team_member import RemoveTeamMember
from domain.teams.commands.update_team import UpdateTeam
from domain.teams.errors import AlreadyInTeam, NotAMember, TeamMemberNotFound, TeamNotFound
from domain.teams.queries.list_team_members import ListTeamMembers
from domain.teams.schemas import TeamInfo, TeamRole
from tests.support.world import Person, World


def add(team: TeamInfo, person: Person, role: TeamRole = TeamRole.MEMBER) -> AddTeamMember:
    return AddTeamMember(organization_id=team.organization_id, team_id=team.id, user_id=person.id, role=role)


def move(team: TeamInfo, parent: TeamInfo | None) -> UpdateTeam:
    return UpdateTeam(organization_id=team.organization_id, team_id=team.id, parent_id=parent.id if parent else None)


async def members(world: World, team: TeamInfo) -> dict[UserId, str]:
    """Return who is in a team, and as what."""
    shown = await world.send(ListTeamMembers(organization_id=team.organization_id, team_id=team.id))
    return {each.user_id: each.role for each in shown.items}


async def test_members_are_added_changed_and_removed(world: World) -> None:
    crew, ada = await world.team(), await world.person()
    ids: dict[str, Any] = {"organization_id": world.ours, "team_id": crew.id, "user_id": ada.id}

    await world.send(AddTeamMember(**ids))
    assert await members(world, crew) == {ada.id: "member"}
    for _ in range(2):
        await world.send(ChangeTeamMember(**ids, role=TeamRole.ADMIN))
    assert await members(world, crew) == {ada.id: "admin"}
    with pytest.raises(AlreadyInTeam):
        await world.send(AddTeamMember(**ids))
    await world.send(RemoveTeamMember(**ids))
    assert await members(world, crew) == {}
    for gone in (RemoveTeamMember(**ids), ChangeTeamMember(**ids, role=TeamRole.ADMIN)):
        with pytest.raises(TeamMemberNotFound):
            await world.send(gone)

    told = {key: str(value) for key, value in ids.items()}
    assert world.told[1:] == [
        ("teams.member.added", told | {"role": "member"}),
        ("teams.member.changed", told | {"role": "admin"}),
        ("teams.member.removed", told),
    ]


async def test_a2_nobody_of_another_organization_is_put_in_a_team(world: World) -> None:
    crew, theirs = await world.team(), await world.team("Theirs", within=world.theirs)
    stranger, boss = await world.person(within=world.theirs), await world.admin(crew)

    for nobody in (stranger.id, UserId(uuid7())):
        with pytest.raises(NotAMember) as refused:
            await world.send(AddTeamMember(organization_id=world.ours, team_id=crew.id, user_id=nobody), boss)
        assert refused.value.detail is None
    ids: dict[str, Any] = {"organization_id": world.ours, "team_id": theirs.id, "user_id": boss.id}
    for message in (
        AddTeamMember(**ids),
        RemoveTeamMember(**ids),
        ChangeTeamMember(**ids, role=TeamRole.ADMIN),
        LeaveTeam(organization_id=world.ours, team_id=theirs.id),
        move(crew, theirs),
    ):
        with pytest.raises(TeamNotFound):
            await world.send(message, boss)
    assert await members(world, crew) == {boss.id: "admin"}
    assert await members(world, theirs) == {}


async def test_whoever_is_in_a_team_may_leave_it(world: World) -> None:
    crew, ada, eve = await world.team(), await world.person(), await world.person()
    await world.put(ada, crew)

    await world.send(LeaveTeam(organization_id=world.ours, team_id=crew.id), ada)

    assert await members(world, crew) == {}
    for somebody in (ada, eve):
        with pytest.raises(TeamNotFound):
            await world.send(LeaveTeam(organization_id=world.ours, team_id=crew.id), somebody)


async def test_an_admin_manages_the_team_and_all_below(world: World) -> None:
    crew = await world.team()
    boss, ada = await world.admin(crew), await world.person()

    squad = await world.send(CreateTeam(organization_id=world.ours, name="Squad", parent_id=crew.id), boss)
    pair = await world.send(CreateTeam(organization_id=world.ours, name="Pair", parent_id=squad.id), boss)
    await world.send(add(pair, ada, TeamRole.ADMIN), boss)
    await world.send(add(crew, ada, TeamRole.ADMIN), boss)
    await world.send(UpdateTeam(organization_id=world.ours, team_id=crew.id, name="Gang"), boss)
    await world.send(move(pair, crew), boss)
    await world.send(RemoveTeamMember(organization_id=world.ours, team_id=pair.id, user_id=ada.id), boss)
    await world.send(DeleteTeam(organization_id=world.ours, team_id=pair.id), boss)

    assert await members(world, crew) == {boss.id: "admin", ada.id: "admin"}


async def test_a4_an_admin_manages_nothing_above_or_beside_and_not_where_the_team_lies(world: World) -> None:
    top, beside = await world.team("Top"), await world.team("Beside")
    crew = await world.team("Crew", top)
    squad = await world.team("Squad", crew)
    boss, ada = await world.admin(crew, "teams:read"), await world.person()

    for message in (
        add(top, boss, TeamRole.ADMIN),
        add(beside, boss),
        UpdateTeam(organization_id=world.ours, team_id=top.id, name="Mine"),
        CreateTeam(organization_id=world.ours, name="Mine"),
        CreateTeam(organization_id=world.ours, name="Mine", parent_id=top.id),
        move(crew, beside),
        move(crew, None),
        move(squad, top),
        move(squad, beside),
        move(squad, None),
        move(beside, crew),
        DeleteTeam(organization_id=world.ours, team_id=crew.id),
        DeleteTeam(organization_id=world.ours, team_id=beside.id),
    ):
        with pytest.raises(Forbidden):
            await world.send(message, boss)
    await world.put(ada, crew)
    with pytest.raises(TeamNotFound):
        await world.send(add(squad, ada), ada)
    with pytest.raises(TeamNotFound):
        await world.send(
            ChangeTeamMember(organization_id=world.ours, team_id=crew.id, user_id=ada.id, role=TeamRole.ADMIN), ada
        )


async def test_a4_nobody_hands_out_by_a_team_what_they_do_not_hold(world: World) -> None:
    top = await world.team("Top")
    crew = await world.team("Crew", top)
    world.grant(top.id, "roles:write")
    manager, friend = await world.person("teams:write"), await world.person()

    for person in (manager, friend):
        with pytest.raises(NotHeld):
            await world.send(add(crew, person), manager)
    assert await members(world, crew) == {}

    holder = await world.person("teams:write", "roles:write")
    await world.send(add(crew, friend), holder)
    assert await members(world, crew) == {friend.id: "member"}


async def test_a4_an_admin_hands_out_what_the_team_has_and_no_more(world: World) -> None:
    top = await world.team("Top")
    crew = await world.team("Crew", top)
    world.grant(crew.id, "roles:read")
    boss, ada, eve = await world.admin(crew), await world.person(), await world.person()
    squad = await world.team("Squad", crew)
    await world.send(add(crew, ada), boss)

    world.grant(squad.id, "roles:write")

    with pytest.raises(NotHeld):
        await world.send(add(squad, boss), boss)
    with pytest.raises(NotHeld):
        await world.send(add(squad, eve), boss)
    await world.send(add(crew, eve), boss)


async def test_a4_nobody_moves_a_team_to_what_they_do_not_hold(world: World) -> None:
    rich, poor, crew = await world.team("Rich"), await world.team("Poor"), await world.team("Crew")
    world.grant(rich.id, "roles:write")
    manager, holder = await world.person("teams:write"), await world.person("teams:write", "roles:write")

    with pytest.raises(NotHeld):
        await world.send(move(crew, rich), manager)
    await world.send(move(crew, poor), manager)
    assert (await world.send(move(crew, rich), holder)).parent_id == rich.id


async def test_what_a_team_has_already_is_not_handed_by_moving_it(world: World) -> None:
    top = await world.team("Top")
    world.grant(top.id, "roles:write")
    crew, other = await world.team("Crew", top), await world.team("Other", top)
    manager = await world.person("teams:write")

    assert (await world.send(move(crew, other), manager)).parent_id == other.id


async def test_a4_a_grant_on_one_resource_is_handed_by_whoever_holds_it_there(world: World) -> None:
    crew, ada = await world.team(), await world.person()
    place = Place(world.ours, None)
    world.grant(crew.id, "documents:read", place=place)
    narrow, wide = await world.person("teams:write"), await world.person("teams:write", "documents:read")

    with pytest.raises(NotHeld):
        await world.send(add(crew, ada), narrow)
    await world.send(add(crew, ada), wide)


async def test_a4_nobody_sheds_a_denial_by_leaving_moving_or_deleting(world: World) -> None:
    top, other = await world.team("Top"), await world.team("Other")
    crew = await world.team("Crew", top)
    ada, manager = await world.person("documents:read"), await world.person("teams:write")
    await world.put(ada, crew)
    world.grant(top.id, "documents:read", effect="deny")

    for message, actor in (
        (LeaveTeam(organization_id=world.ours, team_id=crew.id), ada),
        (RemoveTeamMember(organization_id=world.ours, team_id=crew.id, user_id=ada.id), manager),
        (move(crew, None), manager),
        (move(crew, other), manager),
        (DeleteTeam(organization_id=world.ours, team_id=crew.id), manager),
    ):
        with pytest.raises(NotHeld):
            await world.send(message, actor)
    holder = await world.person("teams:write", "documents:read")
    await world.send(RemoveTeamMember(organization_id=world.ours, team_id=crew.id, user_id=ada.id), holder)
    assert await members(world, crew) == {}


async def test_a4_nobody_looks_behind_a_wall_by_joining_or_moving_a_team(world: World) -> None:
    top, crew = await world.team("Top"), await world.team("Crew")
    manager = await world.person("teams:write")
    await world.put(manager, crew)
    await world.let_see(await world.group(), top)

    for message in (add(top, manager), add(top, await world.person()), move(crew, top)):
        with pytest.raises(NotHeld):
            await world.send(message, manager)
    seer = await world.person("teams:write", "visibility:bypass")
    await world.send(add(top, manager), seer)
    await world.send(move(crew, top), manager)
