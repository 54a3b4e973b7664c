"""Roles of organizations: making, changing and deleting them."""

from typing import Any

import pytest

from domain.access.commands.create_role import CreateRole
from domain.access.commands.delete_role import DeleteRole
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.update_system_role import UpdateSystemRole
from domain.access.errors import NotHeld, RoleInvalid, RoleIsSystem, RoleNotFound
from domain.access.models import OWNER, SUPERUSER
from domain.access.queries.get_role import GetRole
from domain.access.queries.list_roles import ListRoles
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, OrganizationId, RoleId, uuid7
from tests.support.app import App
from tests.support.memory.roles import SYSTEM, known_by_name
from tests.unit.access.conftest import Person, World

HELD = ("grants:read", "members:read", "roles:read", "roles:write")


async def names(app: App, by: Person, organization_id: OrganizationId, limit: int = 50) -> list[str]:
    """Return the names of all roles that are listed, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await app.send(ListRoles(organization_id=organization_id, limit=limit, cursor=cursor), as_=by.tokens)
        found += [each.name for each in page.items]
        if (cursor := page.next) is None:
            return found


async def test_shows_what_was_made(app: App, world: World, ours: OrganizationId, owner: Person) -> None:
    reader = await world.role(owner, ours, "reader", "members:read", description=" Reads\u0301 ")
    made = await world.role(owner, ours, "writer", "members:write", inherits=["reader", "auditor"])

    assert (reader.description, reader.inherits, reader.version) == ("Read\u015b", [], 1)
    assert (made.permissions, made.inherits) == (["members:write"], ["auditor", "reader"])
    assert await app.send(GetRole(organization_id=ours, role_id=made.id), as_=owner.tokens) == made
    assert [(fact.type, fact.organization_id) for fact in app.facts][-2:] == [("access.role.created", ours)] * 2


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
async def test_lists_own_roles_and_system_roles_by_name(
    app: App, world: World, ours: OrganizationId, owner: Person, limit: int
) -> None:
    theirs = world.organization()
    await world.role(await world.member(theirs, "owner"), theirs, "hidden")
    for name in ("zeta", "Beta"):
        await world.role(owner, ours, name)

    expected = ["Beta", "admin", "auditor", "member", "owner", "service", "zeta"]
    assert await names(app, owner, ours, limit) == expected


async def test_the_platform_has_superusers_instead_of_owners(app: App, world: World) -> None:
    root = Person((await app.signed_up("r@example.com")).id, await app.signed_in("r@example.com"))
    app.name_superuser(root.id)

    assert await names(app, root, PLATFORM) == ["admin", "auditor", "member", "service", "superuser"]


async def test_a2_roles_of_another_organization_are_not_found(app: App, world: World, ours: OrganizationId) -> None:
    theirs = world.organization()
    both = await world.member(ours, "owner")
    foreign = await world.role(await world.member(theirs, "owner"), theirs, "reader", "members:read")
    reasons = set()

    for role_id in (foreign.id, RoleId(uuid7()), SUPERUSER):
        for message in (
            GetRole(organization_id=ours, role_id=role_id),
            UpdateRole(organization_id=ours, role_id=role_id, description="x"),
            DeleteRole(organization_id=ours, role_id=role_id),
        ):
            with pytest.raises(RoleNotFound) as refused:
                await app.send(message, as_=both.tokens)
            reasons.add(str(refused.value))
    with pytest.raises(RoleNotFound):
        await world.role(both, ours, "heir", inherits=["reader"])
    assert len(reasons) == 1


async def test_a2_a_cursor_is_of_one_organization(app: App, world: World, ours: OrganizationId) -> None:
    theirs = world.organization()
    both = await world.member(ours, "owner")
    world.join(theirs, both)
    world.grant(theirs, both.id, "owner")
    page = await app.send(ListRoles(organization_id=ours, limit=1), as_=both.tokens)

    with pytest.raises(CursorInvalid):
        await app.send(ListRoles(organization_id=theirs, cursor=page.next), as_=both.tokens)


@pytest.mark.parametrize(
    "message",
    [
        ListRoles(organization_id=OrganizationId(uuid7())),
        GetRole(organization_id=OrganizationId(uuid7()), role_id=RoleId(uuid7())),
        CreateRole(organization_id=OrganizationId(uuid7()), name="a", permissions=[]),
        UpdateRole(organization_id=OrganizationId(uuid7()), role_id=RoleId(uuid7())),
        DeleteRole(organization_id=OrganizationId(uuid7()), role_id=RoleId(uuid7())),
    ],
    ids=lambda message: type(message).__name__,
)
async def test_an_organization_that_does_not_exist_is_not_found_by_anyone(app: App, message: Any) -> None:
    for tokens in (await app.administrator(), (await app.signed_up(), await app.signed_in())[1]):
        with pytest.raises(OrganizationNotFound):
            await app.send(message, as_=tokens)


async def test_a4_nobody_makes_a_role_of_what_they_do_not_hold(
    app: App, world: World, ours: OrganizationId, admin: Person
) -> None:
    mine = await world.role(admin, ours, "mine", "members:read")

    for permissions, inherits in ((["reports:read"], []), ([], ["owner"])):
        with pytest.raises((NotHeld, RoleInvalid)):
            await world.role(admin, ours, "more", *permissions, inherits=inherits)
        with pytest.raises((NotHeld, RoleInvalid)):
            await app.send(
                UpdateRole(organization_id=ours, role_id=mine.id, permissions=permissions, inherits=inherits),
                as_=admin.tokens,
            )


async def test_a4_editing_the_role_one_holds_raises_nobody(app: App, world: World, ours: OrganizationId) -> None:
    root = Person((await app.signed_up("r@example.com")).id, await app.signed_in("r@example.com"))
    app.name_superuser(root.id)
    editor = await world.role(root, ours, "editor", "roles:read", "roles:write")
    eve = await world.member(ours, "editor")

    for change in ({"permissions": ["roles:read", "roles:write", "grants:write"]}, {"inherits": ["auditor"]}):
        with pytest.raises(NotHeld):
            await app.send(
                UpdateRole(organization_id=ours, role_id=editor.id, **change),  # type: ignore[arg-type]  # a field each
                as_=eve.tokens,
            )
    fewer = UpdateRole(organization_id=ours, role_id=editor.id, permissions=["roles:read"])
    assert (await app.send(fewer, as_=eve.tokens)).permissions == ["roles:read"]
    with pytest.raises(Forbidden):
        await app.send(UpdateRole(organization_id=ours, role_id=editor.id, description="x"), as_=eve.tokens)


@pytest.mark.parametrize("how", ["smaller", "unlinked", "deleted", "deleted below"])
async def test_a4_what_somebody_is_denied_is_given_back_by_those_only_who_hold_it(
    app: App, world: World, ours: OrganizationId, owner: Person, how: str
) -> None:
    root = Person((await app.signed_up("r@example.com")).id, await app.signed_in("r@example.com"))
    app.name_superuser(root.id)
    base = await world.role(root, ours, "base", "reports:read")
    denied = await world.role(root, ours, "denied", "reports:write", inherits=["base"])
    world.grant(ours, (await world.member(ours)).id, "denied", effect="deny")
    message: Any = {
        "smaller": UpdateRole(organization_id=ours, role_id=base.id, permissions=[]),
        "unlinked": UpdateRole(organization_id=ours, role_id=denied.id, inherits=[]),
        "deleted": DeleteRole(organization_id=ours, role_id=denied.id),
        "deleted below": DeleteRole(organization_id=ours, role_id=base.id),
    }[how]

    with pytest.raises(NotHeld):
        await app.send(message, as_=owner.tokens)
    await app.send(message, as_=root.tokens)


async def test_system_roles_are_not_an_organizations_to_change(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    for role_id in (OWNER, known_by_name(app.memory, ours, "member")):
        with pytest.raises(RoleIsSystem):
            await app.send(UpdateRole(organization_id=ours, role_id=role_id, permissions=[]), as_=owner.tokens)
        with pytest.raises(RoleIsSystem):
            await app.send(DeleteRole(organization_id=ours, role_id=role_id), as_=owner.tokens)
        with pytest.raises(Forbidden):
            await app.send(UpdateSystemRole(role_id=role_id, permissions=[]), as_=owner.tokens)


async def test_superusers_change_system_roles_but_neither_themselves_nor_ownership(
    app: App, world: World, ours: OrganizationId
) -> None:
    root = await app.administrator()
    member = known_by_name(app.memory, ours, "member")

    changed = await app.send(UpdateSystemRole(role_id=member, permissions=["notes:read"]), as_=root)
    emptied = await app.send(UpdateSystemRole(role_id=OWNER, permissions=[]), as_=root)

    assert (changed.permissions, changed.version) == (["notes:read"], 1)
    assert emptied.permissions == ["organizations:own"]
    with pytest.raises(RoleIsSystem):
        await app.send(UpdateSystemRole(role_id=SUPERUSER, permissions=["notes:read"]), as_=root)
    for permission in ("organizations:own", "*", "notes:*"):
        with pytest.raises(RoleInvalid):
            await app.send(UpdateSystemRole(role_id=member, permissions=[permission]), as_=root)
    with pytest.raises(PreconditionFailed):
        await app.send(UpdateSystemRole(role_id=member, permissions=[], expected_version=0), as_=root)
    with pytest.raises(RoleNotFound):
        await app.send(UpdateSystemRole(role_id=RoleId(uuid7()), permissions=[]), as_=root)
    assert SYSTEM[member].permissions != {"notes:read"}


async def test_a_change_names_the_version_it_is_made_of(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    role = await world.role(owner, ours, "reader")
    change = UpdateRole(organization_id=ours, role_id=role.id, name="reader2", expected_version=1)
    assert (await app.send(change, as_=owner.tokens)).version == 2

    for message in (change, DeleteRole(organization_id=ours, role_id=role.id, expected_version=1)):
        with pytest.raises(PreconditionFailed):
            await app.send(message, as_=owner.tokens)
    same = UpdateRole(organization_id=ours, role_id=role.id, name="reader2", expected_version=2)
    assert (await app.send(same, as_=owner.tokens)).version == 2


async def test_a_deleted_role_takes_its_grants_with_it(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    base = await world.role(owner, ours, "base", "roles:read")
    heir = await world.role(owner, ours, "heir", "grants:read", inherits=["base"])
    ada = await world.member(ours, "heir")
    bob = await world.member(ours, "base")
    await app.send(DeleteRole(organization_id=ours, role_id=base.id), as_=owner.tokens)

    left = await app.send(GetRole(organization_id=ours, role_id=heir.id), as_=owner.tokens)
    assert left.inherits == []
    for person in (ada, bob):
        with pytest.raises(Forbidden):
            await app.send(ListRoles(organization_id=ours), as_=person.tokens)
