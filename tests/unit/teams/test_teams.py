"""Making, moving and deleting teams, by those who may manage all of them."""

from typing import Any

import pytest

from domain.kernel.errors import (
    CursorInvalid,
    Forbidden,
    NameInvalid,
    OrganizationNotFound,
    PreconditionFailed,
    Unauthenticated,
)
from domain.kernel.ids import OrganizationId, TeamId, uuid7
from domain.kernel.usecases import Message
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.delete_team import DeleteTeam
from domain.teams.commands.update_team import UpdateTeam
from domain.teams.errors import TeamHasTeams, TeamInItself, TeamNameTaken, TeamNotFound, TeamTooDeep
from domain.teams.models import DEEPEST
from domain.teams.queries.get_team import GetTeam
from domain.teams.queries.list_team_members import ListTeamMembers
from domain.teams.queries.list_teams import ListTeams
from tests.support.world import World


async def test_a_team_is_made_and_shown(world: World) -> None:
    manager = await world.person("teams:write")
    crew = await world.send(CreateTeam(organization_id=world.ours, name="  Crew "), manager)

    assert (crew.name, crew.parent_id, crew.version) == ("Crew", None, 1)
    assert await world.send(GetTeam(organization_id=world.ours, team_id=crew.id)) == crew
    assert (await world.send(ListTeamMembers(organization_id=world.ours, team_id=crew.id))).items == []
    assert world.told == [
        (
            "teams.team.created",
            {"organization_id": str(world.ours), "team_id": str(crew.id), "parent_id": None, "name": "Crew"},
        )
    ]
    assert ("teams.team.create", "done") in world.app.audited


@pytest.mark.parametrize("name", ["\u200b", "a\u202eb", " ", "x" * 101, "a\nb"])
async def test_a_name_can_be_read(world: World, name: str) -> None:
    with pytest.raises(NameInvalid):
        await world.team(name)


async def test_names_are_taken_in_one_place_only(world: World) -> None:
    top, other = await world.team("Top"), await world.team("Other")
    crew = await world.team("Crew", top)
    await world.team("Crew", other)

    with pytest.raises(TeamNameTaken):
        await world.team("Crew", top)
    with pytest.raises(TeamNameTaken):
        await world.send(UpdateTeam(organization_id=world.ours, team_id=crew.id, parent_id=other.id))
    with pytest.raises(TeamNameTaken):
        await world.send(UpdateTeam(organization_id=world.ours, team_id=other.id, name="Top"))


async def test_a_team_is_renamed_and_moved_at_once(world: World) -> None:
    top, crew = await world.team("Top"), await world.team("Crew")
    update = UpdateTeam(organization_id=world.ours, team_id=crew.id, name="Gang", parent_id=top.id, expected_version=1)

    changed = await world.send(update)

    assert (changed.name, changed.parent_id, changed.version) == ("Gang", top.id, 3)
    assert [kind for kind, _ in world.told[2:]] == ["teams.team.updated", "teams.team.moved"]
    with pytest.raises(PreconditionFailed):
        await world.send(update)
    back = await world.send(UpdateTeam(organization_id=world.ours, team_id=crew.id, parent_id=None))
    assert (back.parent_id, back.version) == (None, 4)


async def test_a_change_that_changes_nothing_is_not_announced(world: World) -> None:
    crew = await world.team("Crew")
    told = len(world.told)

    for same in ({}, {"name": "Crew"}, {"parent_id": None}):
        same_again: dict[str, Any] = same
        update = UpdateTeam(organization_id=world.ours, team_id=crew.id, **same_again)
        assert await world.send(update) == crew
    assert len(world.told) == told


async def test_a_team_lies_neither_in_itself_nor_below(world: World) -> None:
    top = await world.team("Top")
    crew = await world.team("Crew", top)

    for parent in (top, crew):
        with pytest.raises(TeamInItself):
            await world.send(UpdateTeam(organization_id=world.ours, team_id=top.id, parent_id=parent.id))


async def test_teams_lie_sixteen_deep(world: World) -> None:
    last = None
    for number in range(DEEPEST):
        last = await world.team(str(number), last)

    with pytest.raises(TeamTooDeep):
        await world.team("deeper", last)


async def test_only_a_team_without_teams_is_deleted(world: World) -> None:
    top = await world.team("Top")
    crew = await world.team("Crew", top)

    with pytest.raises(TeamHasTeams):
        await world.send(DeleteTeam(organization_id=world.ours, team_id=top.id))
    with pytest.raises(PreconditionFailed):
        await world.send(DeleteTeam(organization_id=world.ours, team_id=crew.id, expected_version=9))
    await world.send(DeleteTeam(organization_id=world.ours, team_id=crew.id, expected_version=1))
    await world.send(DeleteTeam(organization_id=world.ours, team_id=top.id))

    assert [kind for kind, _ in world.told[2:]] == ["teams.team.deleted"] * 2
    with pytest.raises(TeamNotFound):
        await world.send(GetTeam(organization_id=world.ours, team_id=crew.id))


async def test_teams_are_listed_page_by_page(world: World) -> None:
    top = await world.team("Top")
    made = {(await world.team(str(number), top)).id for number in range(3)}

    found: list[TeamId] = []
    cursor = None
    while True:
        page = await world.send(ListTeams(organization_id=world.ours, parent_id=top.id, limit=2, cursor=cursor))
        found += [each.id for each in page.items]
        if (cursor := page.next) is None:
            break
    assert (len(found), {*found}) == (3, made)
    assert [each.id for each in (await world.send(ListTeams(organization_id=world.ours, top=True))).items] == [top.id]
    first = await world.send(ListTeams(organization_id=world.ours, limit=1))
    for other in (
        ListTeams(organization_id=world.theirs, cursor=first.next),
        ListTeams(organization_id=world.ours, parent_id=top.id, cursor=first.next),
        ListTeams(organization_id=world.ours, top=True, cursor=first.next),
        ListTeamMembers(organization_id=world.ours, team_id=top.id, cursor=first.next),
    ):
        with pytest.raises(CursorInvalid):
            await world.send(other)


def everything(organization_id: OrganizationId, team_id: TeamId, other: TeamId) -> list[Message[Any]]:
    """Return every question about a team, and what can be done to it."""
    return [
        GetTeam(organization_id=organization_id, team_id=team_id),
        ListTeamMembers(organization_id=organization_id, team_id=team_id),
        ListTeams(organization_id=organization_id, parent_id=team_id),
        UpdateTeam(organization_id=organization_id, team_id=team_id, name="Mine"),
        UpdateTeam(organization_id=organization_id, team_id=other, parent_id=team_id),
        CreateTeam(organization_id=organization_id, name="Mine", parent_id=team_id),
        DeleteTeam(organization_id=organization_id, team_id=team_id),
    ]


async def test_a2_a_team_of_another_organization_is_one_that_does_not_exist(world: World) -> None:
    mine, theirs = await world.team("Mine too"), await world.team("Theirs", within=world.theirs)
    manager = await world.person("teams:read", "teams:write")
    told = len(world.told)

    for team_id in (theirs.id, TeamId(uuid7())):
        for message in everything(world.ours, team_id, mine.id):
            with pytest.raises(TeamNotFound) as refused:
                await world.send(message, manager)
            assert refused.value.detail is None
    for message in everything(world.theirs, theirs.id, theirs.id):
        with pytest.raises(OrganizationNotFound):
            await world.send(message, manager)
    assert len(world.told) == told
    assert await world.send(GetTeam(organization_id=world.theirs, team_id=theirs.id)) == theirs


async def test_a1_members_see_teams_if_they_may_and_change_none(world: World) -> None:
    crew = await world.team()
    reader, nobody = await world.person("teams:read"), await world.person()

    assert await world.send(GetTeam(organization_id=world.ours, team_id=crew.id), reader) == crew
    for message in everything(world.ours, crew.id, crew.id)[3:]:
        with pytest.raises(Forbidden):
            await world.send(message, reader)
        with pytest.raises(TeamNotFound):
            await world.send(message, nobody)
        with pytest.raises(Unauthenticated):
            await world.app.send(message)
    for message in everything(world.ours, crew.id, crew.id)[:3]:
        with pytest.raises(Forbidden):
            await world.send(message, nobody)
    for somebody in (reader, nobody):
        with pytest.raises(Forbidden):
            await world.send(CreateTeam(organization_id=world.ours, name="Mine"), somebody)
