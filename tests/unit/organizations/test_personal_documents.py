"""Documents that speak of people, through the whole application."""

import json
from typing import Any

import pytest

from domain.identity.commands.delete_user import DeleteUser
from domain.identity.queries.export_user import ExportUser
from domain.kernel.errors import PreconditionRequired
from domain.kernel.ids import OrganizationId, UserId, uuid7
from domain.organizations.commands.put_configuration import PutConfiguration
from domain.organizations.errors import DocumentInvalid
from domain.organizations.ports import BodyDamaged
from domain.organizations.queries.get_configuration import GetConfiguration
from domain.organizations.schemas import Configuration
from tests.support.memory.configuration import BODIES, MENTIONS, SALTS, sealed_bodies
from tests.support.memory.tables import MEMBERSHIPS
from tests.support.world import Person, World

SAID = "ada@example.org"


@pytest.fixture
async def world(app: Any) -> World:
    return await World.of(app)


def mark(person: Person | UserId, value: Any = SAID) -> dict[str, Any]:
    user_id = person.id if isinstance(person, Person) else person
    return {"$personal": {"user_id": str(user_id), "value": value}}


def left(person: Person) -> dict[str, Any]:
    return {"$personal": {"user_id": str(person.id), "value": None, "erased": True}}


async def put(
    world: World,
    body: dict[str, Any],
    version: int | None = None,
    by: Person | None = None,
    within: OrganizationId | None = None,
) -> Configuration:
    organization_id = within or world.ours
    return await world.send(
        PutConfiguration(organization_id=organization_id, namespace="support", body=body, expected_version=version),
        by,
    )


async def get(world: World, by: Person | None = None) -> dict[str, Any]:
    return (await world.send(GetConfiguration(organization_id=world.ours, namespace="support"), by)).body


def kept(world: World) -> str:
    """Return everything that is kept of documents, as text."""
    memory = world.app.memory
    bodies = [body.document.text for body in memory.table(BODIES).values()]
    return f"{bodies} {[fact.data for fact in memory.published]} {memory.audited}"


async def test_e13_a_marked_value_is_shown_and_stored_sealed(world: World) -> None:
    ada = await world.person()
    document = {"colour": "red", "of": [mark(ada), mark(ada, {"phone": [1.5, None]})]}

    assert (await put(world, document)).body == document
    assert await get(world) == document
    assert SAID not in kept(world)
    assert "phone" not in kept(world)
    (body,) = world.app.memory.table(BODIES).values()
    assert body.document.members()["colour"] == "red"


async def test_e13_erasing_a_person_leaves_null_in_every_version(world: World) -> None:
    ada, bob = await world.person(), await world.person()
    await put(world, {"of": mark(ada), "and": mark(bob)})
    await put(world, {"of": mark(ada, "ada@example.net"), "and": mark(bob), "more": 1}, 1)

    await world.send(DeleteUser(user_id=ada.id))

    assert await get(world) == {"of": left(ada), "and": mark(bob), "more": 1}
    assert len(world.app.memory.table(BODIES)) == 2
    for body_id in world.app.memory.table(BODIES):
        assert "example" not in (await sealed_bodies(world.app.memory).get(body_id)).text.replace(SAID, "", 1)
    assert ada.id not in world.app.memory.table(SALTS)


async def test_what_is_left_of_somebody_cannot_be_put_again(world: World) -> None:
    ada = await world.person()
    await put(world, {"of": mark(ada)})
    await world.send(DeleteUser(user_id=ada.id))

    with pytest.raises(DocumentInvalid) as refused:
        await put(world, await get(world), 1)
    assert refused.value.errors[0].field == "body/of"
    assert (await put(world, {"of": None}, 1)).version == 2


async def test_an_equal_document_changes_nothing(world: World) -> None:
    ada = await world.person()
    first = await put(world, {"of": mark(ada), "n": 1})

    again = await put(world, {"n": 1.0, "of": mark(ada)}, 1)

    assert again == first
    assert len(world.app.memory.table(BODIES)) == 1


async def test_another_value_of_the_same_person_is_another_version(world: World) -> None:
    ada = await world.person()
    await put(world, {"of": mark(ada)})

    changed = await put(world, {"of": mark(ada, None)}, 1)

    assert (changed.version, await get(world)) == (2, {"of": mark(ada, None)})
    told = [fact.data["digest"] for fact in world.app.memory.published if "digest" in fact.data]
    assert len(told) == 2
    assert len({*told}) == 1


async def test_a1_whom_a_document_may_speak_of(world: World) -> None:
    """Somebody unknown, of another organization, who has left, hidden or erased: refused in the same words."""
    manager = await world.person("configuration:write", "configuration:read")
    hidden, gone, erased = [await world.person() for _ in range(3)]
    other = await world.person(within=world.theirs)
    group = await world.group()
    await world.hide(group, hidden)
    del world.app.memory.table(MEMBERSHIPS)[world.ours, gone.id]
    await world.send(DeleteUser(user_id=erased.id))

    said = set()
    for person in (UserId(uuid7()), other, gone, erased, hidden):
        with pytest.raises(DocumentInvalid) as refused:
            await put(world, {"a": [mark(person)]}, by=manager)
        said.add(json.dumps([(each.field, each.code, each.message) for each in refused.value.errors]))

    assert len(said) == 1
    assert '"body/a/0/$personal/user_id", "person"' in said.pop()
    assert not world.app.memory.table(BODIES)
    assert (await put(world, {"a": [mark(hidden)]})).version == 1


async def test_the_version_is_judged_before_the_people(world: World) -> None:
    await put(world, {})

    with pytest.raises(PreconditionRequired):
        await put(world, {"of": mark(UserId(uuid7()))})


async def test_e13_an_answer_that_is_kept_goes_with_whom_it_shows(world: World) -> None:
    ada = await world.person()
    for version, body in ((None, {"of": mark(ada)}), (1, {"of": mark(ada)})):
        message = PutConfiguration(organization_id=world.ours, namespace="support", body=body, expected_version=version)
        await world.app.answer(message, world.root.tokens, key=f"key-{version}")
    assert len(world.app.memory.answers) == 2

    await world.send(DeleteUser(user_id=ada.id))

    assert not world.app.memory.answers


async def test_e13_an_export_tells_where_somebody_is_spoken_of(world: World) -> None:
    ada, bob = await world.person(), await world.person()
    await put(world, {"of": mark(ada)})
    await put(world, {"of": [mark(ada), mark(bob)]}, 1)
    await put(world, {"of": mark(bob)}, 2)

    exported = await world.send(ExportUser(user_id=ada.id))

    assert [each["version"] for each in exported.held["configuration"]] == [1, 2]
    await world.send(DeleteUser(user_id=ada.id))
    assert [version for _, _, version in world.app.memory.table(MENTIONS)] == [2, 3]


async def test_a_value_that_was_moved_is_not_shown(world: World) -> None:
    ada = await world.person()
    await put(world, {"a": mark(ada, "one"), "b": mark(ada, "two")})
    bodies = world.app.memory.table(BODIES)
    (body,) = bodies.values()
    stored = body.document.members()
    swapped = type(body.document).of({"a": stored["b"], "b": stored["a"]})
    bodies[body.id] = type(body)(body.organization_id, body.namespace, body.version, swapped, body.written_at, body.id)

    with pytest.raises(BodyDamaged):
        await get(world)
