"""What every `VisibilityGroups`, `Viewers`, `Contents` and `VisibilityLists` promises."""

from uuid import UUID

import pytest

from domain.kernel.access import Eyes
from domain.kernel.ids import OrganizationId, ResourceId, TeamId, UserId, uuid7
from domain.visibility.errors import (
    AlreadyInGroup,
    ContentNotFound,
    GroupNameTaken,
    GroupNotFound,
    NotInGroup,
    ViewerNotFound,
)
from domain.visibility.models import Content, Viewer, VisibilityGroup
from domain.visibility.readers import GroupPlace
from domain.visibility.schemas import ContentName, VisibilityMemberInfo
from tests.contracts.belonging import ANYBODY, Ground, group, hide, later, let_see, put, team


def named(resource_id: ResourceId) -> ContentName:
    return ContentName("folder", str(resource_id))


async def remove(ground: Ground, gone: VisibilityGroup) -> None:
    async with ground.transaction() as ports:
        await ports.groups.remove(await ports.groups.get(gone.organization_id, gone.id))


async def sees(ground: Ground, organization_id: OrganizationId, resource_id: ResourceId, eyes: Eyes) -> bool:
    async with ground.transaction() as ports:
        found = await ports.contents.resource(organization_id, named(resource_id), eyes)
    assert found in {None, resource_id}
    return found is not None


class VisibilityContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_a_group(self, ground: Ground) -> None:
        wall = await group(ground, ours := await ground.organization())
        async with ground.transaction() as ports:
            found = await ports.groups.get(ours, wall.id)
            found.name, found.version = "Other", 2
            await ports.groups.keep(found)

        shown = await ground.visibility.find(ours, wall.id)

        assert shown
        assert (shown.id, shown.organization_id, shown.name, shown.version) == (wall.id, ours, "Other", 2)

    async def test_names_are_unique_in_an_organization(self, ground: Ground) -> None:
        await group(ground, ours := await ground.organization())
        await group(ground, await ground.organization())

        with pytest.raises(GroupNameTaken):
            await group(ground, ours)

    async def test_a2_finds_a_group_in_its_own_organization_alone(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        wall, ada = await group(ground, ours), await ground.member(ours)
        await let_see(ground, wall, Viewer(user_id=ada))

        async with ground.transaction() as ports:
            with pytest.raises(GroupNotFound):
                await ports.groups.get(theirs, wall.id)
        assert await ground.visibility.find(theirs, wall.id) is None
        assert await ground.visibility.members(theirs, wall.id, ANYBODY, None, 10) == []
        assert await ground.visibility.contents(theirs, wall.id, Eyes(ada, bypass=True), None, 10) == []

    async def test_a2_only_members_and_teams_of_the_organization_see(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        wall = await group(ground, ours)
        stranger, crew = await ground.member(theirs), await team(ground, theirs)

        for viewer in (
            Viewer(user_id=stranger),
            Viewer(team_id=crew.id),
            Viewer(user_id=UserId(uuid7())),
            Viewer(team_id=TeamId(uuid7())),
        ):
            async with ground.transaction() as ports:
                assert not await ports.viewers.seen(ours, viewer, Eyes(stranger, bypass=True))
            with pytest.raises(ViewerNotFound):
                await let_see(ground, wall, viewer)
        assert await ground.visibility.members(ours, wall.id, ANYBODY, None, 10) == []

    async def test_a2_only_what_the_organization_has_is_hidden(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        wall = await group(ground, ours)
        stranger, folder = await ground.member(theirs), await ground.resource(theirs)

        assert not await sees(ground, ours, folder, Eyes(stranger, bypass=True))
        for content in (Content(folder), Content(user_id=stranger), Content(ResourceId(uuid7()))):
            with pytest.raises(ContentNotFound):
                await hide(ground, wall, content)
        assert await ground.wall(folder) is None

    async def test_members_come_and_go(self, ground: Ground) -> None:
        ours = await ground.organization()
        wall, ada, crew = await group(ground, ours), await ground.member(ours), await team(ground, ours)
        for viewer in (Viewer(user_id=ada), Viewer(team_id=crew.id)):
            await let_see(ground, wall, viewer)
            with pytest.raises(AlreadyInGroup):
                await let_see(ground, wall, viewer)

        members: list[VisibilityMemberInfo] = []
        last: UUID | None = None
        while page := await ground.visibility.members(ours, wall.id, ANYBODY, last, 1):
            members += page
            last = page[-1].user_id or page[-1].team_id
        expected = [VisibilityMemberInfo(ada, None), VisibilityMemberInfo(None, crew.id)]
        assert members == sorted(expected, key=lambda each: str(each.user_id or each.team_id))

        async with ground.transaction() as ports:
            await ports.viewers.remove(wall, Viewer(user_id=ada))
            with pytest.raises(NotInGroup):
                await ports.viewers.remove(wall, Viewer(user_id=ada))
        assert await ground.visibility.members(ours, wall.id, ANYBODY, None, 10) == [
            VisibilityMemberInfo(None, crew.id)
        ]

    async def test_whoever_is_in_or_below_a_team_is_in_its_groups(self, ground: Ground) -> None:
        ours = await ground.organization()
        top = await team(ground, ours, "top")
        crew = await team(ground, ours, "crew", top)
        ada, bob = await ground.member(ours), await ground.member(ours)
        await put(ground, crew, ada)
        wall, low = await group(ground, ours), await group(ground, ours, "low")
        await let_see(ground, wall, Viewer(team_id=top.id))
        await let_see(ground, low, Viewer(user_id=bob))

        async with ground.transaction() as ports:
            assert [await ports.viewers.includes(wall, each) for each in (ada, bob)] == [True, False]
            assert [await ports.viewers.includes(low, each) for each in (ada, bob)] == [False, True]
            for viewer, found in (
                (Viewer(team_id=top.id), True),
                (Viewer(team_id=crew.id), True),
                (Viewer(user_id=ada), True),
                (Viewer(user_id=bob), False),
            ):
                assert await ports.viewers.stands_for(ours, viewer, ada) is found
            assert not await ports.viewers.stands_for(ours, Viewer(team_id=top.id), bob)

    async def test_a_wall_is_the_nearest_thing_in_a_group(self, ground: Ground) -> None:
        ours = await ground.organization()
        top = await ground.resource(ours)
        middle = await ground.resource(ours, top)
        low = await ground.resource(ours, middle)
        beside = await ground.resource(ours, top)
        one, two = await group(ground, ours, "one"), await group(ground, ours, "two")

        async def walls() -> list[ResourceId | None]:
            return [await ground.wall(each) for each in (top, middle, low, beside)]

        await hide(ground, one, Content(top))
        assert await walls() == [top, top, top, top]
        await hide(ground, two, Content(middle))
        assert await walls() == [top, middle, middle, top]
        await hide(ground, one, Content(middle))
        await hide(ground, two, Content(middle), out=True)
        assert await walls() == [top, middle, middle, top]
        await hide(ground, one, Content(middle), out=True)
        assert await walls() == [top, top, top, top]
        await hide(ground, two, Content(low))
        await remove(ground, one)
        assert await walls() == [None, None, low, None]

    async def test_what_is_hidden_is_seen_by_its_groups_its_owner_and_who_looks_over_walls(
        self, ground: Ground
    ) -> None:
        ours = await ground.organization()
        ada, eve, owner = [await ground.member(ours) for _ in range(3)]
        folder = await ground.resource(ours, owner_id=owner)
        file = await ground.resource(ours, folder, owner_id=owner)
        one, two = await group(ground, ours, "one"), await group(ground, ours, "two")
        await hide(ground, one, Content(folder))
        await hide(ground, two, Content(folder))
        await let_see(ground, two, Viewer(user_id=ada))

        for hidden in (folder, file):
            assert await sees(ground, ours, hidden, Eyes(ada, bypass=False))
            assert await sees(ground, ours, hidden, Eyes(owner, bypass=False))
            assert await sees(ground, ours, hidden, Eyes(eve, bypass=True))
            assert not await sees(ground, ours, hidden, Eyes(eve, bypass=False))

    async def test_people_are_hidden_too_but_not_from_themselves(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, eve, friend = [await ground.member(ours) for _ in range(3)]
        wall = await group(ground, ours)
        await hide(ground, wall, Content(user_id=ada))
        await let_see(ground, wall, Viewer(user_id=friend))

        async with ground.transaction() as ports:
            for eyes, found in (
                (Eyes(ada, bypass=False), True),
                (Eyes(friend, bypass=False), True),
                (Eyes(eve, bypass=True), True),
                (Eyes(eve, bypass=False), False),
            ):
                assert await ports.viewers.seen(ours, Viewer(user_id=ada), eyes) is found
            assert await ports.viewers.seen(ours, Viewer(user_id=friend), Eyes(eve, bypass=False))

    async def test_contents_come_and_go(self, ground: Ground) -> None:
        ours = await ground.organization()
        wall, ada, folder = await group(ground, ours), await ground.member(ours), await ground.resource(ours)
        for content in (Content(folder), Content(user_id=ada)):
            await hide(ground, wall, content)
            with pytest.raises(AlreadyInGroup):
                await hide(ground, wall, content)
        for content in (Content(folder), Content(user_id=ada)):
            await hide(ground, wall, content, out=True)
            with pytest.raises(NotInGroup):
                await hide(ground, wall, content, out=True)

    async def test_lists_members_as_far_as_they_are_seen(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, bob, eve = sorted([await ground.member(ours) for _ in range(3)])
        wall, other, crew = await group(ground, ours), await group(ground, ours, "other"), await team(ground, ours)
        for viewer in (Viewer(user_id=ada), Viewer(user_id=bob), Viewer(team_id=crew.id)):
            await let_see(ground, wall, viewer)
        await hide(ground, other, Content(user_id=ada))

        for looking, bypass, seen in ((eve, False, {bob, crew.id}), (ada, False, {ada, bob, crew.id})):
            found = await ground.visibility.members(ours, wall.id, Eyes(looking, bypass), None, 10)
            assert {each.user_id or each.team_id for each in found} == seen
            first = await ground.visibility.members(ours, wall.id, Eyes(looking, bypass), None, 2)
            assert len(first) == 2, "a full page"

    async def test_lists_contents_as_far_as_they_are_seen(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, eve, hidden = [await ground.member(ours) for _ in range(3)]
        folder, shared, own = [await ground.resource(ours) for _ in range(2)] + [
            await ground.resource(ours, owner_id=eve)
        ]
        wall, other = await group(ground, ours), await group(ground, ours, "other")
        for content in (Content(folder), Content(shared), Content(own), Content(user_id=hidden), Content(user_id=eve)):
            await hide(ground, wall, content)
        await hide(ground, other, Content(shared))
        await let_see(ground, wall, Viewer(user_id=ada))
        await let_see(ground, other, Viewer(user_id=eve))

        async def listed(eyes: Eyes, most: int) -> list[object]:
            found: list[object] = []
            last: UUID | None = None
            while page := await ground.visibility.contents(ours, wall.id, eyes, last, most):
                found += [each.content.user_id or each.content.resource for each in page]
                last = page[-1].place
            return found

        ids: list[UUID] = sorted([folder, shared, own, hidden, eve])
        everything = [each if each in {hidden, eve} else named(ResourceId(each)) for each in ids]
        for most in (1, 2, 10):
            assert await listed(Eyes(ada, bypass=False), most) == everything
            assert await listed(Eyes(uuid_of_nobody(), bypass=True), most) == everything
            assert {*await listed(Eyes(eve, bypass=False), most)} == {named(shared), named(own), eve}
            assert await listed(Eyes(uuid_of_nobody(), bypass=False), most) == []

    async def test_lists_the_newest_group_first(self, ground: Ground) -> None:
        ours = await ground.organization()
        made = [await group(ground, ours, str(number), **later(number // 2)) for number in range(5)]
        await group(ground, await ground.organization(), "theirs")
        order = [each.id for each in sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)]

        for most in (1, 2, 10):
            found = []
            place = None
            while page := await ground.visibility.list(ours, place, most):
                found += [each.id for each in page]
                place = GroupPlace(page[-1].created_at, page[-1].id)
            assert found == order


def uuid_of_nobody() -> UserId:
    return UserId(uuid7())
