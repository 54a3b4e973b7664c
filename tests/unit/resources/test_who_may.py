"""Who may do what with which resource, and what takes sight of everything."""

from typing import Any

import pytest

from domain.access.facade import Place
from domain.kernel.errors import BypassRequired, Forbidden, OrganizationNotFound
from domain.kernel.ids import ResourceId, UserId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.put_resource import PutResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.commands.share_resource import ShareResource
from domain.resources.commands.update_resource import UpdateResource
from domain.resources.errors import ParentNotFound, ResourceNotFound
from domain.resources.queries.get_resource import GetResource
from domain.resources.queries.list_resources import ListResources
from domain.resources.schemas import Registered, ResourceName, ResourceToRegister, ShareSubject
from tests.support.memory.belonging import add_grant, add_member, add_role
from tests.support.memory.tables import ROLES
from tests.unit.resources.conftest import World

EVERYTHING = ("resources:read", "resources:write", "resources:share")
A = {"a": 1}


async def holder(
    world: World, *permissions: str, on: str | None = None, below: bool = False, everywhere: tuple[str, ...] = ()
) -> Tokens:
    """Return a new member who holds the permissions, in the organization or on a resource, and others everywhere."""
    email = f"{uuid7()}@example.com"
    user = await world.app.signed_up(email)
    add_member(world.app.memory, world.organization_id, user.id)
    give(world, user.id, *permissions, on=on, below=below)
    give(world, user.id, *everywhere)
    return await world.app.signed_in(email)


def give(world: World, user_id: UserId, *permissions: str, on: str | None = None, below: bool = False) -> None:
    now = world.app.clock.now()
    held = add_role(world.app.memory, world.organization_id, now, *permissions)
    place = Place(world.organization_id, world.kept[on].id if on else None, below)
    add_grant(world.app.memory, place, user_id, held, now, kind="user")


def about(world: World, name: str) -> dict[str, Any]:
    return {"organization_id": world.organization_id, "resource_id": world.kept[name].id}


def named(world: World, name: str, parent: str | None = None) -> dict[str, Any]:
    above = ResourceName("doc", parent) if parent else None
    return {"organization_id": world.organization_id, "type": "doc", "external_id": name, "parent": above}


async def refused(world: World, by: Tokens, refusal: type[Exception], *messages: Message[Any]) -> None:
    for each in messages:
        with pytest.raises(refusal) as met:
            await world.send(each, by)
        assert type(met.value) is refusal, each


async def test_a1_what_is_granted_on_a_tree_opens_it_and_nothing_else(world: World) -> None:
    for name, above in (("top", None), ("leaf", "top"), ("other", None)):
        await world.put(name, above)
    ada = await holder(world, *EVERYTHING, on="top", below=True)
    role = add_role(world.app.memory, world.organization_id, world.app.clock.now(), "resources:read")
    world.app.memory.table(ROLES)[role].name = "reader"
    friend = ShareSubject("user", world.member())

    for name in ("top", "leaf"):
        assert (await world.send(UpdateResource(**about(world, name), attributes=A), ada)).attributes == A
        assert (await world.send(GetResource(**about(world, name)), ada)).external_id == name
        await world.send(ShareResource(**about(world, name), subject=friend, role="reader", below=True), ada)
        assert (await world.send(PutResource(**named(world, name, world_parent(world, name))), ada)).attributes == {}
    listed = await world.send(ListResources(organization_id=world.organization_id), ada)
    assert {each.external_id for each in listed.items} == {"top", "leaf"}
    await refused(
        world,
        ada,
        ResourceNotFound,
        GetResource(**about(world, "other")),
        UpdateResource(**about(world, "other"), attributes=A),
        DeleteResource(**about(world, "other")),
        ShareResource(**about(world, "other"), subject=friend, role="reader"),
    )


def world_parent(world: World, name: str) -> str | None:
    """Return the external id of what a resource lies in."""
    parent = world.kept[name].parent
    return parent.key.external_id if parent else None


async def test_a1_whoever_may_only_read_is_told_that_they_may_not(world: World) -> None:
    await world.put("a")
    ada, eve = await holder(world, "resources:read"), await holder(world)
    messages: list[Message[Any]] = [
        UpdateResource(**about(world, "a"), attributes=A),
        DeleteResource(**about(world, "a")),
        ShareResource(**about(world, "a"), subject=ShareSubject("user", world.member()), role="member"),
    ]

    await refused(world, ada, Forbidden, *messages, PutResource(**named(world, "a"), attributes=A))
    await refused(world, eve, ResourceNotFound, *messages, GetResource(**about(world, "a")))
    # Whether there is one they cannot tell, so that they would register it.
    await refused(world, eve, BypassRequired, *(PutResource(**named(world, each)) for each in ("a", "new")))
    assert (await world.send(ListResources(organization_id=world.organization_id), eve)).items == []
    stranger = GetResource(organization_id=world.other_id, resource_id=ResourceId(uuid7()))
    await refused(world, ada, OrganizationNotFound, stranger)


async def test_names_and_the_tree_are_for_those_who_see_all_of_it(world: World) -> None:
    for name, above in (("a", None), ("b", None), ("leaf", "a")):
        await world.put(name, above)
    ada = await holder(world, *EVERYTHING)
    before = len(world.app.facts)

    await refused(
        world,
        ada,
        BypassRequired,
        CreateResource(**named(world, "new")),
        CreateResource(**named(world, "a")),
        CreateResource(**named(world, "new", "nothing")),
        PutResource(**named(world, "new")),
        PutResource(**named(world, "leaf")),
        PutResource(**named(world, "leaf", "b"), expected_version=7),
        UpdateResource(**about(world, "leaf"), parent=None),
        UpdateResource(**about(world, "leaf"), parent=ResourceName("doc", "nothing")),
        DeleteResource(**about(world, "a")),
        DeleteResource(**about(world, "leaf"), below=True),
        bulk(world, ResourceToRegister("doc", "a", attributes=A), ResourceToRegister("doc", "new")),
        bulk(world, ResourceToRegister("doc", "a"), ResourceToRegister("doc", "b", parent=ResourceName("doc", "a"))),
    )
    assert len(world.app.facts) == before
    leaf = ResourceToRegister("doc", "leaf", parent=ResourceName("doc", "a"), attributes=A)
    assert await world.send(bulk(world, ResourceToRegister("doc", "a"), leaf), ada) == Registered(0, 1, 1)
    changed = await world.send(UpdateResource(**about(world, "leaf"), parent=ResourceName("doc", "a")), ada)
    assert (changed.version, changed.attributes) == (2, A)


def bulk(world: World, *items: ResourceToRegister) -> RegisterResources:
    return RegisterResources(organization_id=world.organization_id, resources=list(items))


async def test_whoever_sees_all_of_it_still_needs_to_write_at_the_place(world: World) -> None:
    await world.put("top")
    await world.put("other")
    sees = await holder(world, "visibility:bypass")
    writes = await holder(world, "resources:write", on="top", below=True, everywhere=("visibility:bypass",))

    await refused(world, sees, ResourceNotFound, DeleteResource(**about(world, "top")))
    await refused(world, sees, Forbidden, CreateResource(**named(world, "new")), PutResource(**named(world, "top")))
    made = await world.send(CreateResource(**named(world, "new", "top")), writes)
    assert (made.external_id, made.parent) == ("new", None)
    await refused(world, writes, Forbidden, *(CreateResource(**named(world, each)) for each in ("other", "x")))
    absent = [CreateResource(**named(world, "x", each)) for each in ("other", "nothing")]
    await refused(world, writes, ParentNotFound, *absent)
    await world.send(DeleteResource(**about(world, "new")), writes)
    assert world.kept.keys() == {"top", "other"}
