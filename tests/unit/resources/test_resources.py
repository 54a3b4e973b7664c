"""Registering, changing, moving, deleting and listing resources one by one."""

from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.errors import CursorInvalid, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import OrganizationId, ResourceId, UserId, uuid7
from domain.kernel.usecases import Message
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.update_resource import UpdateResource
from domain.resources.errors import (
    AttributesInvalid,
    ExternalIdInvalid,
    FilterInvalid,
    OwnerNotFound,
    ParentNotFound,
    ResourceCycle,
    ResourceNotEmpty,
    ResourceNotFound,
    ResourceTaken,
    TooDeep,
    TypeInvalid,
)
from domain.resources.models import DEEPEST
from domain.resources.queries.get_resource import GetResource
from domain.resources.queries.list_resources import ListResources
from domain.resources.schemas import ResourceName
from tests.unit.resources.conftest import World


def create(world: World, **more: Any) -> CreateResource:
    known: dict[str, Any] = {"organization_id": world.organization_id, "type": "doc", "external_id": "1"}
    return CreateResource(**known | more)


def update(world: World, resource_id: ResourceId, **more: Any) -> UpdateResource:
    return UpdateResource(organization_id=world.organization_id, resource_id=resource_id, **more)


def delete(world: World, resource_id: ResourceId, **more: Any) -> DeleteResource:
    return DeleteResource(organization_id=world.organization_id, resource_id=resource_id, **more)


async def test_registers_a_resource_and_says_so(world: World) -> None:
    await world.put("folder")
    owner = world.member()

    made = await world.send(
        create(world, owner=owner, parent=ResourceName("doc", "folder"), attributes={"tags": ["a", 1], "open": True})
    )

    assert (made.type, made.external_id, made.owner, made.parent) == ("doc", "1", owner, ResourceName("doc", "folder"))
    assert (made.attributes, made.version) == ({"tags": ["a", 1], "open": True}, 1)
    assert made == await world.send(GetResource(organization_id=world.organization_id, resource_id=made.id))
    fact = world.app.facts[-1]
    assert (fact.type, fact.organization_id) == ("resources.resource.registered", world.organization_id)
    assert fact.data["resource"] == {"type": "doc", "external_id": "1"}
    assert "tags" not in str(fact.data)


async def test_refuses_to_create_what_is_there_even_if_it_is_equal(world: World) -> None:
    await world.put("1")

    with pytest.raises(ResourceTaken):
        await world.send(create(world))
    with pytest.raises(ResourceTaken):
        await world.send(create(world, attributes={"a": 1}))

    assert world.kept["1"].attributes == {}


async def test_putting_again_changes_nothing_and_says_nothing(world: World) -> None:
    await world.put("folder")
    first = await world.put("1", "folder", attributes={"a": 1, "b": [1.5]})
    world.app.clock.pass_by(timedelta(hours=1))

    assert await world.put("1", "folder", attributes={"b": [1.5], "a": 1}) == first
    assert world.announced == ["registered folder", "registered 1"]


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ([1], [1.0]), ("1", 1), (0, False)])
async def test_values_of_other_kinds_are_others(world: World, before: Any, after: Any) -> None:
    await world.put("1", attributes={"a": before})

    changed = await world.put("1", attributes={"a": after})

    assert (changed.version, repr(changed.attributes)) == (2, repr({"a": after}))


async def test_putting_replaces_what_is_left_out(world: World) -> None:
    await world.put("folder")
    await world.put("1", "folder", owner=world.member(), attributes={"a": 1})

    changed = await world.put("1")

    assert (changed.owner, changed.parent, changed.attributes, changed.version) == (None, None, {}, 3)
    assert world.announced[2:] == ["updated 1", "moved 1"]


async def test_changing_keeps_what_is_left_out_and_null_empties(world: World) -> None:
    await world.put("folder")
    owner = world.member()
    made = await world.put("1", "folder", owner=owner, attributes={"a": 1})

    changed = await world.send(update(world, made.id, attributes={"b": 2}))
    assert (changed.owner, changed.parent, changed.attributes, changed.version) == (owner, made.parent, {"b": 2}, 2)
    emptied = await world.send(update(world, made.id, owner=None, parent=None, attributes=None))
    assert (emptied.owner, emptied.parent, emptied.attributes) == (None, None, {})
    assert world.announced[2:] == ["updated 1", "updated 1", "moved 1"]


async def test_moves_everything_below(world: World) -> None:
    for name, above in (("a", None), ("b", None), ("one", "a"), ("two", "one")):
        await world.put(name, above)

    await world.send(update(world, world.kept["one"].id, parent=ResourceName("doc", "b")))

    a, b, one, two = (world.kept[name] for name in ("a", "b", "one", "two"))
    assert (one.path, two.path, a.path) == ((one.id, b.id), (two.id, one.id, b.id), (a.id,))
    assert world.announced[4:] == ["moved one"]


async def test_nothing_lies_in_itself(world: World) -> None:
    for name, above in (("a", None), ("b", "a"), ("c", "b")):
        await world.put(name, above)

    for name in ("a", "b", "c"):
        with pytest.raises(ResourceCycle):
            await world.send(update(world, world.kept["a"].id, parent=ResourceName("doc", name)))
    with pytest.raises(ParentNotFound):
        await world.put("new", "other")

    assert world.kept["a"].path == (world.kept["a"].id,)


async def test_lies_at_most_so_deep(world: World) -> None:
    for number in range(DEEPEST):
        await world.put(str(number), str(number - 1) if number else None)
    await world.put("top")

    with pytest.raises(TooDeep):
        await world.put("one too many", str(DEEPEST - 1))
    with pytest.raises(TooDeep):
        await world.send(update(world, world.kept["0"].id, parent=ResourceName("doc", "top")))


async def test_guards_versions(world: World) -> None:
    made = await world.put("1")

    with pytest.raises(PreconditionFailed):
        await world.put("1", attributes={"a": 1}, expected_version=2)
    with pytest.raises(PreconditionFailed):
        await world.put("2", expected_version=1)
    with pytest.raises(PreconditionFailed):
        await world.send(update(world, made.id, attributes={"a": 1}, expected_version=7))
    with pytest.raises(PreconditionFailed):
        await world.send(delete(world, made.id, expected_version=7))

    assert (await world.put("1", attributes={"a": 1}, expected_version=1)).version == 2
    await world.send(delete(world, made.id, expected_version=2))
    assert world.kept == {}


async def test_deletes_what_nothing_lies_in_and_trees_if_asked(world: World) -> None:
    for name, above in (("a", None), ("b", "a"), ("c", "b"), ("d", None)):
        await world.put(name, above)
    top = world.kept["a"].id

    with pytest.raises(ResourceNotEmpty):
        await world.send(delete(world, top))
    await world.send(delete(world, top, below=True))

    assert world.kept.keys() == {"d"}
    assert sorted(world.announced[4:]) == ["deleted a", "deleted b", "deleted c"]
    with pytest.raises(ResourceNotFound):
        await world.send(delete(world, top))


async def test_pages_by_every_filter(world: World) -> None:
    owner = world.member()
    for number in range(5):
        await world.put(f"n{number}", "n0" if number else None, owner=owner if number == 4 else None)
    listed = ListResources(organization_id=world.organization_id, parent_type="doc", parent_id="n0", limit=3)

    first = await world.send(listed)
    rest = await world.send(
        ListResources(
            organization_id=world.organization_id, parent_type="doc", parent_id="n0", limit=3, cursor=first.next
        )
    )

    assert sorted(each.external_id for each in (*first.items, *rest.items)) == ["n1", "n2", "n3", "n4"]
    assert (len(first.items), rest.next) == (3, None)
    found = await world.send(ListResources(organization_id=world.organization_id, owner=owner, type="doc"))
    assert [each.external_id for each in found.items] == ["n4"]
    with pytest.raises(FilterInvalid):
        await world.send(ListResources(organization_id=world.organization_id, parent_id="n0"))
    with pytest.raises(CursorInvalid):
        await world.send(ListResources(organization_id=world.organization_id, limit=3, cursor=first.next))


async def test_a2_what_another_organization_has_does_not_exist(world: World) -> None:
    here, there = world.organization_id, world.other_id
    mine = await world.put("1")
    stranger = world.member(there)
    theirs = await world.put("theirs", organization_id=there)
    listed = await world.send(ListResources(organization_id=here, limit=1))
    await world.put("2")
    cursor = (await world.send(ListResources(organization_id=here, limit=1))).next
    before = len(world.app.facts)

    message: Message[Any]
    for resource_id in (theirs.id, ResourceId(uuid7())):
        for message in (
            GetResource(organization_id=here, resource_id=resource_id),
            update(world, resource_id, attributes={"a": 1}),
            delete(world, resource_id, below=True),
        ):
            with pytest.raises(ResourceNotFound):
                await world.send(message)
    for name in ("theirs", "nothing"):
        for message in (
            create(world, external_id="new", parent=ResourceName("doc", name)),
            update(world, mine.id, parent=ResourceName("doc", name)),
        ):
            with pytest.raises(ParentNotFound):
                await world.send(message)
    for owner in (stranger, UserId(uuid7())):
        for message in (create(world, external_id="new", owner=owner), update(world, mine.id, owner=owner)):
            with pytest.raises(OwnerNotFound):
                await world.send(message)
    assert (await world.send(ListResources(organization_id=here, owner=stranger))).items == []
    found = ListResources(organization_id=here, parent_type="doc", parent_id="theirs")
    assert (await world.send(found)).items == []
    with pytest.raises(CursorInvalid):
        await world.send(ListResources(organization_id=there, limit=1, cursor=cursor))
    with pytest.raises(OrganizationNotFound):
        await world.put("1", organization_id=OrganizationId(uuid7()))
    assert [each.id for each in listed.items] == [mine.id]
    assert len(world.app.facts) == before


HOSTILE = ["", "*", "doc:*", "a,b", "a\nb", '"', "'", "r.sub p.*", "Doc", "__class__ ", "ä", "x" * 10_000, "a\0", "a b"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_a6_types_and_names_of_attributes_have_their_characters(world: World, text: str) -> None:
    with pytest.raises(TypeInvalid):
        await world.send(create(world, type=text))
    if text not in {"doc:*", "Doc"}:
        with pytest.raises(AttributesInvalid):
            await world.send(create(world, attributes={text: 1}))
    assert world.kept == {}


@pytest.mark.parametrize("text", ["", "a\nb", "a\0", "a\x7f", "a\u2028b", "\u202eabc", "x" * 257])
async def test_a6_external_ids_are_printable(world: World, text: str) -> None:
    with pytest.raises(ExternalIdInvalid):
        await world.send(create(world, external_id=text))


@pytest.mark.parametrize("text", ["*", "r.sub", "'; DROP TABLE resources; --", "%", "a/b", "Ärger 1", "x" * 256])
async def test_a6_whatever_is_printable_is_only_text(world: World, text: str) -> None:
    made = await world.put(text)
    await world.put("other")

    found = await world.send(ListResources(organization_id=world.organization_id, external_id=text))

    assert [each.id for each in found.items] == [made.id]


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": None},
        {"a": {"b": 1}},
        {"a": [[1]]},
        {"a": [True]},
        {"a": [None]},
        {"a": list(range(101))},
        {"a": "x" * 1025},
        {"a": ["x" * 1025]},
        {"a": "nul\0"},
        {"a": 2**53},
        {"a": -(2.0**53)},
        {"a": float("nan")},
        {"a": float("inf")},
        {f"n{number}": 1 for number in range(33)},
        {f"n{number}": "x" * 1000 for number in range(9)},
        {"x" * 65: 1},
    ],
)
async def test_refuses_other_attributes(world: World, attributes: dict[str, Any]) -> None:
    with pytest.raises(AttributesInvalid):
        await world.send(create(world, attributes=attributes))
