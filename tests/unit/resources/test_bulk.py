"""Registering many resources at once."""

from typing import Any

import pytest

from domain.kernel.ids import UserId, uuid7
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.errors import RegistrationRefused
from domain.resources.models import DEEPEST
from domain.resources.schemas import Registered, ResourceName, ResourceToRegister
from tests.unit.resources.conftest import World


def item(name: str, parent: str | None = None, **more: Any) -> ResourceToRegister:
    known: dict[str, Any] = {"type": "doc", "external_id": name}
    return ResourceToRegister(**known | {"parent": ResourceName("doc", parent) if parent else None} | more)


async def register(world: World, *items: ResourceToRegister) -> Registered:
    message = RegisterResources(organization_id=world.organization_id, resources=list(items))
    registered: Registered = await world.send(message)
    return registered


async def test_parents_may_come_later(world: World) -> None:
    assert await register(world, item("c", "b"), item("b", "a"), item("a")) == Registered(3, 0, 0)

    a, b, c = (world.kept[name] for name in "abc")
    assert (a.path, b.path, c.path) == ((a.id,), (b.id, a.id), (c.id, b.id, a.id))
    assert sorted(world.announced) == ["registered a", "registered b", "registered c"]


async def test_tells_what_was_new_changed_and_as_it_is(world: World) -> None:
    await register(world, item("a"), item("b"), item("c", "a"), item("d"))

    registered = await register(
        world, item("a"), item("b", attributes={"x": 1}), item("c", "new", attributes={"x": 1}), item("new")
    )

    assert registered == Registered(1, 2, 1)
    assert world.announced[4:] == ["registered new", "updated b", "updated c", "moved c"]
    assert world.kept["d"].version == 1


async def test_rearranges_a_whole_tree(world: World) -> None:
    await register(world, item("a"), item("b", "a"), item("c", "b"), item("d", "c"), item("e", "d"))

    # c goes to the top with d, which is not sent, below it; a goes below e, which is not sent either.
    await register(world, item("c"), item("a", "e"), item("new", "b"))

    chain = {name: [world.kept[name].id for name in names] for name, names in CHAINS.items()}
    assert {name: [*world.kept[name].path] for name in CHAINS} == chain


CHAINS = {
    "c": "c",
    "d": "dc",
    "e": "edc",
    "a": "aedc",
    "b": "baedc",
    "new": ["new", "b", "a", "e", "d", "c"],
}


async def test_all_or_nothing_and_says_which(world: World) -> None:
    await world.put("there")

    with pytest.raises(RegistrationRefused) as refused:
        await register(
            world,
            item("fine"),
            item("x", "nowhere"),
            item("y", owner=UserId(uuid7())),
            item("fine"),
            item("there", attributes={"a": 1}),
        )

    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("resources.1.parent", "resources.parent_not_found"),
        ("resources.2.owner", "resources.owner_not_found"),
        ("resources.3", "resources.named_twice"),
    ]
    assert ({*world.kept}, world.announced) == ({"there"}, ["registered there"])
    assert world.kept["there"].version == 1


async def test_says_which_are_malformed(world: World) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        await register(world, item("a", type="A"), item("a\n"), item("b", attributes={"a": None}))

    assert [each.field for each in refused.value.errors] == [
        "resources.0.type",
        "resources.1.external_id",
        "resources.2.attributes",
    ]


async def test_finds_circles_and_what_is_too_deep(world: World) -> None:
    await register(world, item("a"), item("b", "a"))
    chain = [item(str(number), str(number - 1) if number else None) for number in range(DEEPEST + 2)]

    with pytest.raises(RegistrationRefused) as circle:
        await register(world, item("x", "y"), item("y", "x"), item("a", "b"))
    with pytest.raises(RegistrationRefused) as deep:
        await register(world, *reversed(chain))

    assert {(each.field, each.code) for each in circle.value.errors} == {
        (f"resources.{number}.parent", "resources.cycle") for number in range(3)
    }
    assert [each.code for each in deep.value.errors] == ["resources.too_deep"] * 2


async def test_tells_a_hundred_faults_and_counts_the_others(world: World) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        await register(world, *(item(str(number), "nowhere") for number in range(300)))

    assert len(refused.value.errors) == 100
    assert "300" in str(refused.value.detail)


async def test_a2_parents_and_owners_of_others_are_none(world: World) -> None:
    await world.put("theirs", organization_id=world.other_id)
    stranger = world.member(world.other_id)

    with pytest.raises(RegistrationRefused) as refused:
        await register(world, item("a", "theirs"), item("b", owner=stranger))

    assert [each.code for each in refused.value.errors] == ["resources.parent_not_found", "resources.owner_not_found"]
    assert world.kept == {}
    assert await register(world, item("theirs")) == Registered(1, 0, 0)
