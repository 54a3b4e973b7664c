"""What every `Teams`, `TeamMembers`, `Inheritance` and `TeamLists` promises."""

import pytest

from domain.access.facade import Place
from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, TeamId, UserId, uuid7
from domain.teams.errors import (
    AlreadyInTeam,
    NotAMember,
    TeamHasTeams,
    TeamInItself,
    TeamMemberNotFound,
    TeamNameTaken,
    TeamTooDeep,
)
from domain.teams.models import DEEPEST, Team
from domain.teams.ports import TeamGrant
from domain.teams.readers import TeamFilter, TeamPlace
from domain.teams.schemas import TeamRole
from domain.visibility.models import Content, Viewer
from tests.contracts.belonging import ANYBODY, Ground, group, hide, later, let_see, moved, path, put, team


async def chain(ground: Ground, organization_id: OrganizationId, length: int, name: str = "level") -> list[Team]:
    """Return teams of which each lies in the one before."""
    made: list[Team] = []
    for number in range(length):
        made.append(await team(ground, organization_id, f"{name} {number}", made[-1] if made else None))
    return made


class TeamsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_a_team(self, ground: Ground) -> None:
        ours = await ground.organization()
        top = await team(ground, ours, "Top")
        crew = await team(ground, ours, "Crew", top)

        assert await ground.teams.find(ours, crew.id) == crew.info
        assert await path(ground, crew) == [crew.id, top.id]

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        crew = await team(ground, await ground.organization())
        async with ground.transaction() as ports:
            found = await ports.teams.find(crew.organization_id, crew.id)
            assert found
            found.name, found.version = "Other", 2
            await ports.teams.keep(found)

        shown = await ground.teams.find(crew.organization_id, crew.id)

        assert shown
        assert (shown.name, shown.version) == ("Other", 2)

    async def test_a2_finds_a_team_in_its_own_organization_alone(self, ground: Ground) -> None:
        crew, theirs = await team(ground, await ground.organization()), await ground.organization()

        async with ground.transaction() as ports:
            assert await ports.teams.find(theirs, crew.id) is None
        assert await ground.teams.find(theirs, crew.id) is None
        assert await ground.teams.members(theirs, crew.id, ANYBODY, None, 10) == []

    async def test_names_are_unique_in_one_place(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        top = await team(ground, ours, "Crew")
        await team(ground, ours, "Crew", top)
        await team(ground, theirs, "Crew")

        with pytest.raises(TeamNameTaken):
            await team(ground, ours, "Crew")
        with pytest.raises(TeamNameTaken):
            await team(ground, ours, "Crew", top)

    async def test_what_lies_below_follows(self, ground: Ground) -> None:
        ours = await ground.organization()
        one, two, three, four = await chain(ground, ours, 4)
        other = await team(ground, ours, "other")

        await moved(ground, two, other)

        assert await path(ground, two) == [two.id, other.id]
        assert await path(ground, three) == [three.id, two.id, other.id]
        assert await path(ground, four) == [four.id, three.id, two.id, other.id]
        assert await path(ground, one) == [one.id]

        await moved(ground, three, None)
        assert await path(ground, four) == [four.id, three.id]
        assert await path(ground, two) == [two.id, other.id]

    async def test_a_place_of_the_same_name_is_taken(self, ground: Ground) -> None:
        ours = await ground.organization()
        one = await team(ground, ours, "One")
        crew = await team(ground, ours, "Crew", one)
        await team(ground, ours, "Crew")

        with pytest.raises(TeamNameTaken):
            await moved(ground, crew, None)
        assert await path(ground, crew) == [crew.id, one.id]

    async def test_a_team_lies_neither_in_itself_nor_below(self, ground: Ground) -> None:
        one, two, three = await chain(ground, await ground.organization(), 3)

        for parent in (one, two, three):
            with pytest.raises(TeamInItself):
                await moved(ground, one, parent)
        assert await path(ground, three) == [three.id, two.id, one.id]

    async def test_teams_lie_sixteen_deep_and_no_deeper(self, ground: Ground) -> None:
        ours = await ground.organization()
        deep = await chain(ground, ours, DEEPEST)
        short = await chain(ground, ours, 2, "short")

        with pytest.raises(TeamTooDeep):
            await team(ground, ours, "deeper", deep[-1])
        with pytest.raises(TeamTooDeep):
            await moved(ground, short[0], deep[-2])
        assert await path(ground, short[1]) == [short[1].id, short[0].id]
        await moved(ground, short[0], deep[-3])
        assert len(await path(ground, short[1])) == DEEPEST

    async def test_removes_only_what_nothing_lies_in(self, ground: Ground) -> None:
        ours = await ground.organization()
        top, crew = await chain(ground, ours, 2)
        ada = await ground.member(ours)
        await put(ground, crew, ada)

        async def remove(team_id: TeamId) -> None:
            async with ground.transaction() as ports:
                found = await ports.teams.find(ours, team_id)
                assert found
                await ports.teams.remove(found)

        with pytest.raises(TeamHasTeams):
            await remove(top.id)
        await remove(crew.id)
        await remove(top.id)
        assert await ground.teams.list(TeamFilter(ours), None, 10) == []
        assert await ground.teams.members(ours, crew.id, ANYBODY, None, 10) == []

    async def test_keeps_members_and_what_they_are(self, ground: Ground) -> None:
        ours = await ground.organization()
        crew, ada = await team(ground, ours), await ground.member(ours)
        await put(ground, crew, ada)

        async with ground.transaction() as ports:
            member = await ports.members.get(crew, ada)
            assert not await ports.members.administers(ada, [crew.id])
            member.role = TeamRole.ADMIN
            await ports.members.keep(member)
        async with ground.transaction() as ports:
            assert await ports.members.administers(ada, [TeamId(uuid7()), crew.id])
            assert not await ports.members.administers(ada, [])
        (shown,) = await ground.teams.members(ours, crew.id, ANYBODY, None, 10)
        assert (shown.user_id, shown.role) == (ada, TeamRole.ADMIN)

        async with ground.transaction() as ports:
            await ports.members.remove(await ports.members.get(crew, ada))
        async with ground.transaction() as ports:
            with pytest.raises(TeamMemberNotFound):
                await ports.members.get(crew, ada)

    async def test_a2_only_members_of_the_organization_are_put_in(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        crew, stranger, ada = await team(ground, ours), await ground.member(theirs), await ground.member(ours, theirs)

        for nobody in (stranger, UserId(uuid7())):
            with pytest.raises(NotAMember):
                await put(ground, crew, nobody)
        await put(ground, crew, ada)
        with pytest.raises(AlreadyInTeam):
            await put(ground, crew, ada, TeamRole.ADMIN)
        assert len(await ground.teams.members(ours, crew.id, ANYBODY, None, 10)) == 1

    async def test_tells_what_is_granted_and_denied_to_teams(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        top, crew = await chain(ground, ours, 2)
        folder = await ground.resource(ours)
        anywhere = await ground.granted(Place(ours), top.id)
        await ground.granted(Place(ours), crew.id, anywhere)
        here = await ground.granted(Place(ours, folder, below=True), crew.id, days=1)
        denied = await ground.granted(Place(ours), crew.id, effect="deny")
        await ground.granted(Place(ours), crew.id, days=-1)
        await ground.granted(Place(ours), (await team(ground, ours, "other")).id)

        async with ground.transaction() as ports:
            assert {*await ports.inheritance.grants(ours, [crew.id, top.id])} == {
                TeamGrant(Place(ours), anywhere),
                TeamGrant(Place(ours, folder, below=True), here),
                TeamGrant(Place(ours), denied, denies=True),
            }
            assert await ports.inheritance.grants(theirs, [crew.id]) == []
            assert await ports.inheritance.grants(ours, []) == []

    async def test_tells_whether_teams_see_more_than_somebody(self, ground: Ground) -> None:
        ours = await ground.organization()
        top, crew = await chain(ground, ours, 2)
        other = await team(ground, ours, "other")
        ada, eve, bob = [await ground.member(ours) for _ in range(3)]
        await put(ground, crew, ada)
        wall = await group(ground, ours)
        await let_see(ground, wall, Viewer(team_id=top.id))
        await let_see(ground, wall, Viewer(user_id=bob))

        async with ground.transaction() as ports:
            assert not await ports.inheritance.beyond(ada, [top.id])
            assert not await ports.inheritance.beyond(bob, [top.id, other.id])
            assert await ports.inheritance.beyond(eve, [other.id, top.id])
            assert not await ports.inheritance.beyond(eve, [other.id])

    async def test_lists_the_newest_first_page_by_page(self, ground: Ground) -> None:
        ours = await ground.organization()
        top = await team(ground, ours, "top", **later(-1))
        made = [await team(ground, ours, str(number), top, **later(number // 2)) for number in range(5)]
        await team(ground, await ground.organization(), "theirs")
        order = sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)

        async def listed(wanted: TeamFilter, most: int) -> list[TeamId]:
            found: list[TeamId] = []
            place = None
            while page := await ground.teams.list(wanted, place, most):
                found += [each.id for each in page]
                place = TeamPlace(page[-1].created_at, page[-1].id)
            return found

        for most in (1, 2, 10):
            assert await listed(TeamFilter(ours, top.id), most) == [each.id for each in order]
            assert await listed(TeamFilter(ours), most) == [*(each.id for each in order), top.id]
            assert await listed(TeamFilter(ours, top=True), most) == [top.id]

    async def test_lists_members_page_by_page(self, ground: Ground) -> None:
        ours = await ground.organization()
        crew = await team(ground, ours)
        people = sorted([await ground.member(ours) for _ in range(5)])
        for user_id in reversed(people):
            await put(ground, crew, user_id)

        for most in (1, 2, 10):
            found: list[UserId] = []
            while page := await ground.teams.members(ours, crew.id, ANYBODY, found[-1] if found else None, most):
                found += [each.user_id for each in page]
            assert found == people

    async def test_a_wall_hides_members_but_from_themselves(self, ground: Ground) -> None:
        ours = await ground.organization()
        crew, wall = await team(ground, ours), await group(ground, ours)
        people = sorted([await ground.member(ours) for _ in range(4)])
        ada, bob, eve, _ = people
        for each in people:
            await put(ground, crew, each)
        for each in (ada, bob):
            await hide(ground, wall, Content(user_id=each))
        await let_see(ground, wall, Viewer(user_id=bob))

        for eyes, seen in (
            (Eyes(eve, bypass=False), people[2:]),
            (Eyes(ada, bypass=False), [ada, *people[2:]]),
            (Eyes(bob, bypass=False), people),
            (Eyes(eve, bypass=True), people),
        ):
            for most in (1, 2, 10):
                found: list[UserId] = []
                while page := await ground.teams.members(ours, crew.id, eyes, found[-1] if found else None, most):
                    found += [each.user_id for each in page]
                assert found == seen
