"""Roles of organizations: what they may be called and made of."""

import pytest

from domain.access.commands.create_role import CreateRole
from domain.access.commands.update_role import UpdateRole
from domain.access.errors import RoleInvalid, RoleNameTaken
from domain.access.queries.get_role import GetRole
from domain.kernel.ids import OrganizationId
from tests.support.app import App
from tests.unit.access.conftest import Person, World

HELD = ("grants:read", "members:read", "roles:read", "roles:write")


HOSTILE = [
    "*",
    "role,x",
    "a\nb",
    "a\n",
    'a"b',
    "p'x",
    "r sub",
    "p.*",
    "a" * 65,
    "a" * 10_000,
    "",
    " a",
    "a\u0000",
    "\uff41",
    "\u0430dmin",
    "a/b",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a6_no_role_has_a_hostile_name(world: World, ours: OrganizationId, owner: Person, name: str) -> None:
    with pytest.raises(RoleInvalid) as refused:
        await world.role(owner, ours, name)

    assert [error.field for error in refused.value.errors] == ["body/name"]


@pytest.mark.parametrize("name", ["role:x", "__class__", "r.sub", "p.eft", "A", "9", "-", "a" * 64])
async def test_a6_what_looks_like_something_else_is_but_a_name(
    app: App, world: World, ours: OrganizationId, owner: Person, name: str
) -> None:
    made = await world.role(owner, ours, name)

    assert (await app.send(GetRole(organization_id=ours, role_id=made.id), as_=owner.tokens)).name == name


@pytest.mark.parametrize(
    "permission",
    [
        "*",
        "*:*",
        "members:*",
        "*:read",
        "members",
        "members:",
        ":read",
        "members:read:all",
        "Members:read",
        "members:read\n",
        "members: read",
        "members:rea_%",
        f"{'a' * 65}:read",
        "organizations:own",
    ],
)
async def test_a6_no_role_has_a_hostile_permission(
    app: App, world: World, ours: OrganizationId, owner: Person, permission: str
) -> None:
    role = await world.role(owner, ours, "reader", "members:read")

    with pytest.raises(RoleInvalid):
        await world.role(owner, ours, "other", "members:read", permission)
    with pytest.raises(RoleInvalid):
        await app.send(UpdateRole(organization_id=ours, role_id=role.id, permissions=[permission]), as_=owner.tokens)


async def test_a_role_has_at_most_two_hundred_permissions(world: World, ours: OrganizationId, owner: Person) -> None:
    with pytest.raises(RoleInvalid):
        await world.role(owner, ours, "many", *(f"a:{number}" for number in range(201)))


async def test_a9_names_are_taken_as_they_are_written_and_system_names_always(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    role = await world.role(owner, ours, "reader")
    await world.role(owner, ours, "Reader")

    for name in ("reader", "admin", "owner"):
        with pytest.raises(RoleNameTaken):
            await world.role(owner, ours, name)
        if name != "reader":
            with pytest.raises(RoleNameTaken):
                await app.send(UpdateRole(organization_id=ours, role_id=role.id, name=name), as_=owner.tokens)


async def test_no_role_inherits_from_itself(app: App, world: World, ours: OrganizationId, owner: Person) -> None:
    one = await world.role(owner, ours, "one")
    await world.role(owner, ours, "two", inherits=["one"])
    await world.role(owner, ours, "three", inherits=["two"])

    for inherits in (["one"], ["two"], ["three"]):
        with pytest.raises(RoleInvalid) as refused:
            await app.send(UpdateRole(organization_id=ours, role_id=one.id, inherits=inherits), as_=owner.tokens)
        assert [error.code for error in refused.value.errors] == ["circle"]


async def test_chains_have_eight_roles_at_most_wherever_they_are_joined(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    made = {}
    for chain in ("a", "b"):
        for level in range(1, 5):
            inherits = [f"{chain}{level - 1}"] if level > 1 else []
            made[f"{chain}{level}"] = await world.role(owner, ours, f"{chain}{level}", inherits=inherits)
    join = UpdateRole(organization_id=ours, role_id=made["b1"].id, inherits=["a4"])
    await app.send(join, as_=owner.tokens)

    deeper = UpdateRole(organization_id=ours, role_id=made["a1"].id, inherits=["member"])
    for message in (deeper, CreateRole(organization_id=ours, name="top", permissions=[], inherits=["b4"])):
        with pytest.raises(RoleInvalid) as refused:
            await app.send(message, as_=owner.tokens)
        assert [error.code for error in refused.value.errors] == ["depth"]


async def test_a6_a_description_is_text(world: World, ours: OrganizationId, owner: Person) -> None:
    for text in ("a" * 501, "a\u0000b", "a\nb", "\ud800", "a\u2029b"):
        with pytest.raises(RoleInvalid) as refused:
            await world.role(owner, ours, "reader", description=text)
        assert [error.field for error in refused.value.errors] == ["body/description"]
