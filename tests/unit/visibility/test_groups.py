"""Visibility groups, who is in them, and what they hide."""

from typing import Any

import pytest

from domain.access.facade import NotHeld
from domain.kernel.errors import (
    BypassRequired,
    CursorInvalid,
    Forbidden,
    NameInvalid,
    OrganizationNotFound,
    PreconditionFailed,
    Unauthenticated,
)
from domain.kernel.ids import GroupId, OrganizationId, TeamId, UserId, uuid7
from domain.kernel.usecases import Message
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.commands.delete_visibility_group import DeleteVisibilityGroup
from domain.visibility.commands.remove_visibility_content import RemoveVisibilityContent
from domain.visibility.commands.remove_visibility_member import RemoveVisibilityMember
from domain.visibility.commands.update_visibility_group import UpdateVisibilityGroup
from domain.visibility.errors import (
    AlreadyInGroup,
    ContentNotFound,
    GroupNameTaken,
    GroupNotFound,
    NotInGroup,
    NotOne,
    ViewerNotFound,
)
from domain.visibility.queries.get_visibility_group import GetVisibilityGroup
from domain.visibility.queries.list_visibility_contents import ListVisibilityContents
from domain.visibility.queries.list_visibility_groups import ListVisibilityGroups
from domain.visibility.queries.list_visibility_members import ListVisibilityMembers
from domain.visibility.schemas import ContentName, VisibilityContentInfo, VisibilityGroupInfo, VisibilityMemberInfo
from tests.support.memory.tables import RESOURCES
from tests.support.world import Person, World, id_of

KEEPER = ("visibility:read", "visibility:write", "resources:read")
"""What somebody holds who puts up walls, and cannot look over them."""


def see(group: VisibilityGroupInfo, **who: Any) -> AddVisibilityMember:
    return AddVisibilityMember(organization_id=group.organization_id, group_id=group.id, **who)


def blind(group: VisibilityGroupInfo, **who: Any) -> RemoveVisibilityMember:
    return RemoveVisibilityMember(organization_id=group.organization_id, group_id=group.id, **who)


def hide(group: VisibilityGroupInfo, **what: Any) -> AddVisibilityContent:
    return AddVisibilityContent(organization_id=group.organization_id, group_id=group.id, **what)


def show(group: VisibilityGroupInfo, resource: ContentName | None = None, **what: Any) -> RemoveVisibilityContent:
    named: dict[str, Any] = {"resource_type": resource.type, "resource_id": resource.id} if resource else {}
    return RemoveVisibilityContent(organization_id=group.organization_id, group_id=group.id, **named, **what)


def delete(group: VisibilityGroupInfo) -> DeleteVisibilityGroup:
    return DeleteVisibilityGroup(organization_id=group.organization_id, group_id=group.id)


async def contents(world: World, group: VisibilityGroupInfo, by: Person | None = None) -> list[VisibilityContentInfo]:
    message = ListVisibilityContents(organization_id=group.organization_id, group_id=group.id)
    return (await world.send(message, by)).items


def wall(world: World, resource: ContentName) -> Any:
    return world.app.memory.table(RESOURCES)[id_of(resource)].wall_id


async def test_a_group_is_made_renamed_shown_and_deleted(world: World) -> None:
    keeper = await world.person(*KEEPER)
    made = await world.send(CreateVisibilityGroup(organization_id=world.ours, name=" Board "), keeper)
    ids: dict[str, Any] = {"organization_id": world.ours, "group_id": made.id}

    assert (made.name, made.version) == ("Board", 1)
    assert await world.send(GetVisibilityGroup(**ids), keeper) == made
    for _ in range(2):
        renamed = await world.send(UpdateVisibilityGroup(**ids, name="Council"), keeper)
        assert (renamed.name, renamed.version) == ("Council", 2)
    with pytest.raises(PreconditionFailed):
        await world.send(UpdateVisibilityGroup(**ids, name="X", expected_version=1), keeper)
    with pytest.raises(PreconditionFailed):
        await world.send(DeleteVisibilityGroup(**ids, expected_version=1), keeper)
    with pytest.raises(NameInvalid):
        await world.send(UpdateVisibilityGroup(**ids, name="\u202e"), keeper)
    await world.group("Other")
    with pytest.raises(GroupNameTaken):
        await world.send(UpdateVisibilityGroup(**ids, name="Other"), keeper)
    with pytest.raises(BypassRequired):
        await world.send(delete(made), keeper)
    await world.send(delete(made))
    with pytest.raises(GroupNotFound):
        await world.send(GetVisibilityGroup(**ids), keeper)

    told = {key: str(value) for key, value in ids.items()}
    assert [fact for fact in world.told if fact[1]["group_id"] == str(made.id)] == [
        ("visibility.group.created", told | {"name": "Board"}),
        ("visibility.group.updated", told | {"name": "Council"}),
        ("visibility.group.deleted", told),
    ]


async def test_members_and_contents_are_put_in_and_taken_out(world: World) -> None:
    group, crew, ada, eve = await world.group(), await world.team(), await world.person(), await world.person()
    folder = world.resource()
    file = world.resource(folder)

    await world.send(see(group, user_id=ada.id))
    await world.send(see(group, team_id=crew.id))
    await world.send(hide(group, resource=folder))
    await world.send(hide(group, user_id=eve.id))

    shown = (await world.send(ListVisibilityMembers(organization_id=world.ours, group_id=group.id))).items
    assert {*shown} == {VisibilityMemberInfo(ada.id, None), VisibilityMemberInfo(None, crew.id)}
    assert {*await contents(world, group)} == {VisibilityContentInfo(folder, None), VisibilityContentInfo(None, eve.id)}
    assert wall(world, file) == id_of(folder)
    for again in (
        see(group, user_id=ada.id),
        see(group, team_id=crew.id),
        hide(group, resource=folder),
        hide(group, user_id=eve.id),
    ):
        with pytest.raises(AlreadyInGroup):
            await world.send(again)
    for out in (blind(group, user_id=ada.id), blind(group, team_id=crew.id), show(group, folder)):
        await world.send(out)
        with pytest.raises(NotInGroup):
            await world.send(out)
    assert wall(world, file) is None
    assert await contents(world, group) == [VisibilityContentInfo(None, eve.id)]

    told = {"organization_id": str(world.ours), "group_id": str(group.id)}
    nobody, nothing = {"user_id": None, "team_id": None}, {"resource_id": None, "user_id": None}
    assert [fact for fact in world.told if fact[0].split(".")[1] in {"member", "content"}] == [
        ("visibility.member.added", told | nobody | {"user_id": str(ada.id)}),
        ("visibility.member.added", told | nobody | {"team_id": str(crew.id)}),
        ("visibility.content.added", told | nothing | {"resource_id": folder.id}),
        ("visibility.content.added", told | nothing | {"user_id": str(eve.id)}),
        ("visibility.member.removed", told | nobody | {"user_id": str(ada.id)}),
        ("visibility.member.removed", told | nobody | {"team_id": str(crew.id)}),
        ("visibility.content.removed", told | nothing | {"resource_id": folder.id}),
    ]


async def test_exactly_one_thing_is_named(world: World) -> None:
    group, ada, crew, folder = await world.group(), await world.person(), await world.team(), world.resource()

    for message in (
        see(group),
        see(group, user_id=ada.id, team_id=crew.id),
        blind(group),
        hide(group),
        hide(group, resource=folder, user_id=ada.id),
        show(group),
        show(group, folder, user_id=ada.id),
        RemoveVisibilityContent(organization_id=world.ours, group_id=group.id, resource_id=folder.id),
    ):
        with pytest.raises(NotOne):
            await world.send(message)


async def test_a2_nothing_of_another_organization_gets_in(world: World) -> None:
    group, keeper = await world.group(), await world.person(*KEEPER, "visibility:bypass")
    stranger, crew = await world.person(within=world.theirs), await world.team(within=world.theirs)
    folder = world.resource(within=world.theirs)

    for user_id in (stranger.id, UserId(uuid7())):
        with pytest.raises(ViewerNotFound):
            await world.send(see(group, user_id=user_id), keeper)
        with pytest.raises(ContentNotFound):
            await world.send(hide(group, user_id=user_id), keeper)
    for team_id in (crew.id, TeamId(uuid7())):
        with pytest.raises(ViewerNotFound):
            await world.send(see(group, team_id=team_id), keeper)
    for name in (folder, ContentName("folder", "none")):
        for message in (hide(group, resource=name), show(group, name)):
            with pytest.raises(ContentNotFound) as refused:
                await world.send(message, keeper)
            assert refused.value.detail is None
    assert await contents(world, group) == []
    assert wall(world, folder) is None


def everything(organization_id: OrganizationId, group_id: GroupId, person: Person) -> list[Message[Any]]:
    """Return every question about a group, and what can be done to it."""
    ids: dict[str, Any] = {"organization_id": organization_id, "group_id": group_id}
    return [
        GetVisibilityGroup(**ids),
        ListVisibilityMembers(**ids),
        ListVisibilityContents(**ids),
        UpdateVisibilityGroup(**ids, name="Mine"),
        DeleteVisibilityGroup(**ids),
        AddVisibilityMember(**ids, user_id=person.id),
        RemoveVisibilityMember(**ids, user_id=person.id),
        AddVisibilityContent(**ids, user_id=person.id),
        RemoveVisibilityContent(**ids, user_id=person.id),
    ]


async def test_a2_a_group_of_another_organization_is_one_that_does_not_exist(world: World) -> None:
    theirs, keeper = await world.group(within=world.theirs), await world.person(*KEEPER, "visibility:bypass")
    told = len(world.told)

    for group_id in (theirs.id, GroupId(uuid7())):
        for message in everything(world.ours, group_id, keeper):
            with pytest.raises(GroupNotFound) as refused:
                await world.send(message, keeper)
            assert refused.value.detail is None
    for message in everything(world.theirs, theirs.id, keeper):
        with pytest.raises(OrganizationNotFound):
            await world.send(message, keeper)
    assert len(world.told) == told


async def test_a1_who_holds_no_permission_neither_sees_nor_changes_groups(world: World) -> None:
    group, member, reader = await world.group(), await world.person(), await world.person("visibility:read")

    for message in everything(world.ours, group.id, member):
        with pytest.raises(Forbidden):
            await world.send(message, member)
        with pytest.raises(Unauthenticated):
            await world.app.send(message)
    for message in everything(world.ours, group.id, member)[:3]:
        await world.send(message, reader)
    for message in everything(world.ours, group.id, member)[3:]:
        with pytest.raises(Forbidden):
            await world.send(message, reader)


async def test_a4_nobody_puts_themselves_or_their_teams_behind_a_wall(world: World) -> None:
    top = await world.team("Top")
    crew = await world.team("Crew", top)
    squad = await world.team("Squad", crew)
    keeper, friend = await world.person(*KEEPER), await world.person()
    await world.put(keeper, crew)
    group = await world.group()

    for message in (see(group, user_id=keeper.id), see(group, team_id=crew.id), see(group, team_id=top.id)):
        with pytest.raises(NotHeld):
            await world.send(message, keeper)
    await world.send(see(group, team_id=squad.id), keeper)
    await world.send(see(group, user_id=friend.id), keeper)
    seer = await world.person(*KEEPER, "visibility:bypass")
    await world.send(see(group, user_id=seer.id), seer)
    await world.send(see(group, user_id=keeper.id), seer)
    await world.send(see(group, team_id=crew.id), keeper)


async def test_a4_what_is_hidden_is_no_more_there_than_what_does_not_exist(world: World) -> None:
    group, open_group = await world.group("Secret"), await world.group("Open")
    keeper, hidden, inside = await world.person(*KEEPER), await world.person(), await world.person(*KEEPER)
    folder = world.resource()
    file, owned = world.resource(folder), world.resource(folder, owner=keeper)
    await world.hide(group, folder)
    await world.hide(group, hidden)
    await world.let_see(group, inside)

    for resource in (folder, file, ContentName("folder", "none")):
        with pytest.raises(ContentNotFound):
            await world.send(hide(open_group, resource=resource), keeper)
    for content in (hide(open_group, user_id=hidden.id), show(group, user_id=hidden.id)):
        with pytest.raises(ContentNotFound):
            await world.send(content, keeper)
    for message in (show(group, folder), show(group, ContentName("folder", "none")), delete(group)):
        for by in (keeper, inside):
            with pytest.raises(BypassRequired):
                await world.send(message, by)
    with pytest.raises(ViewerNotFound):
        await world.send(see(open_group, user_id=hidden.id), keeper)
    assert await contents(world, group, keeper) == []
    assert wall(world, file) == id_of(folder)

    await world.send(hide(open_group, resource=owned), keeper)
    assert len(await contents(world, group, inside)) == 2
    await world.send(hide(open_group, resource=file), inside)
    await world.send(delete(group))
    assert wall(world, folder) is None


async def test_only_resources_that_the_actor_may_read_are_walled(world: World) -> None:
    group, folder = await world.group(), world.resource()
    writer = await world.person("visibility:write")

    with pytest.raises(ContentNotFound):
        await world.send(hide(group, resource=folder), writer)


async def test_lists_are_paged_by_cursors_of_their_own(world: World) -> None:
    group, other = await world.group("One"), await world.group("Two")
    people = [await world.person() for _ in range(3)]
    for each in people:
        await world.let_see(group, each)
        await world.hide(group, each)
    ids: dict[str, Any] = {"organization_id": world.ours, "group_id": group.id, "limit": 2}

    kinds: list[type[Any]] = [ListVisibilityMembers, ListVisibilityContents]
    for kind in kinds:
        first = await world.send(kind(**ids))
        second = await world.send(kind(**ids, cursor=first.next))
        assert {each.user_id for each in (*first.items, *second.items)} == {each.id for each in people}
        assert (len(first.items), len(second.items), second.next) == (2, 1, None)
        with pytest.raises(CursorInvalid):
            await world.send(kind(organization_id=world.ours, group_id=other.id, cursor=first.next))
    page = await world.send(ListVisibilityGroups(organization_id=world.ours, limit=1))
    rest = await world.send(ListVisibilityGroups(organization_id=world.ours, limit=1, cursor=page.next))
    assert {each.id for each in (*page.items, *rest.items)} == {group.id, other.id}
    with pytest.raises(CursorInvalid):
        await world.send(ListVisibilityGroups(organization_id=world.theirs, cursor=page.next))
