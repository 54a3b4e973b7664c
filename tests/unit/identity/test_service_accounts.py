"""Service accounts: their life, and who may give them theirs back."""

from datetime import timedelta
from typing import Any

import pytest

from domain.access.commands.make_grant import MakeGrant
from domain.access.errors import NotHeld
from domain.access.facade import Place
from domain.access.schemas import Grantee
from domain.identity.commands.create_service_account import CreateServiceAccount
from domain.identity.commands.deactivate_service_account import DeactivateServiceAccount
from domain.identity.commands.delete_service_account import DeleteServiceAccount
from domain.identity.commands.reactivate_service_account import ReactivateServiceAccount
from domain.identity.commands.update_service_account import UpdateServiceAccount
from domain.identity.queries.get_service_account import GetServiceAccount
from domain.identity.queries.list_service_accounts import ListServiceAccounts
from domain.identity.service_accounts.errors import (
    ServiceAccountDescriptionInvalid,
    ServiceAccountNameTaken,
    ServiceAccountNotFound,
)
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.errors import CursorInvalid, Forbidden, NameInvalid, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, ServiceAccountId, uuid7
from domain.kernel.usecases import Message
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.delete_organization import DeleteOrganization
from tests.support.app import App
from tests.support.memory.belonging import add_grant
from tests.support.memory.tables import GRANTS, SERVICE_ACCOUNTS
from tests.support.world import World

CLOSING = [DeactivateServiceAccount, DeleteServiceAccount]
CHANGING = [UpdateServiceAccount, ReactivateServiceAccount, *CLOSING]


@pytest.fixture
async def world(app: App) -> World:
    return await World.of(app)


async def robot(world: World, name: str = "Robot", **more: Any) -> ServiceAccountInfo:
    """Return a new service account."""
    known: dict[str, Any] = {"organization_id": world.ours, "name": name}
    return await world.send(CreateServiceAccount(**known | more))


def named(kind: type[Any], account: ServiceAccountInfo, **more: Any) -> Any:
    """Return a message about an account."""
    known: dict[str, Any] = {"organization_id": account.organization_id, "service_account_id": account.id}
    return kind(**known | more)


def granted(world: World, account: ServiceAccountInfo, *permissions: str, **more: Any) -> None:
    """Grant the account a new role, or deny it."""
    role, at = world.role(*permissions), world.app.clock.now()
    add_grant(world.app.memory, Place(world.ours), account.id, role, at, kind="service_account", **more)


def told(world: World) -> list[tuple[str, int]]:
    """Return what was announced about service accounts, and the versions."""
    facts = [each for each in world.app.facts if each.aggregate_type == "service_account"]
    return [(each.type.rpartition(".")[2], each.aggregate_version) for each in facts]


async def test_an_account_is_created_and_shown(world: World) -> None:
    manager = await world.person("service_accounts:write")
    made = await world.send(
        CreateServiceAccount(organization_id=world.ours, name="  Robot ", description=" Sweeps "), manager
    )

    assert (made.name, made.description, made.is_active, made.version) == ("Robot", "Sweeps", True, 1)
    assert await world.send(named(GetServiceAccount, made), await world.person("service_accounts:read")) == made
    (fact,) = [each for each in world.app.facts if each.aggregate_id == made.id]
    assert (fact.type, fact.organization_id) == ("identity.service_account.created", world.ours)
    assert (fact.data["service_account_id"], fact.data["name"]) == (str(made.id), "Robot")
    assert ("identity.service_account.create", "done") in world.app.audited


@pytest.mark.parametrize("name", ["\u200b", "a\u202eb", " ", "x" * 101, "a\nb"])
async def test_a_name_can_be_read(world: World, name: str) -> None:
    with pytest.raises(NameInvalid):
        await robot(world, name)


@pytest.mark.parametrize("description", ["x" * 501, "a\nb", "\ue000"])
async def test_a_description_can_be_read(world: World, description: str) -> None:
    made = await robot(world)
    with pytest.raises(ServiceAccountDescriptionInvalid):
        await robot(world, description=description)
    with pytest.raises(ServiceAccountDescriptionInvalid):
        await world.send(named(UpdateServiceAccount, made, description=description))


async def test_names_are_taken_in_one_organization_only(world: World) -> None:
    await robot(world)
    other = await robot(world, "Other")
    await robot(world, organization_id=world.theirs)

    with pytest.raises(ServiceAccountNameTaken):
        await robot(world, " Robot")
    with pytest.raises(ServiceAccountNameTaken):
        await world.send(named(UpdateServiceAccount, other, name="Robot"))


async def test_what_is_left_out_stays(world: World) -> None:
    made = await robot(world, description="Sweeps")
    world.app.clock.pass_by(timedelta(seconds=1))

    renamed = await world.send(named(UpdateServiceAccount, made, name="Golem", expected_version=1))
    described = await world.send(named(UpdateServiceAccount, made, description=""))

    assert (renamed.name, renamed.description, renamed.version) == ("Golem", "Sweeps", 2)
    assert (described.name, described.description, described.version) == ("Golem", "", 3)
    assert described.updated_at > described.created_at
    assert told(world) == [("created", 1), ("updated", 2), ("updated", 3)]


async def test_a_change_that_changes_nothing_is_not_announced(world: World) -> None:
    made = await robot(world, description="Sweeps")

    for same in ({}, {"name": "Robot "}, {"description": "Sweeps"}):
        assert await world.send(named(UpdateServiceAccount, made, **same)) == made
    await world.send(named(ReactivateServiceAccount, made))
    await world.send(named(DeactivateServiceAccount, made))
    await world.send(named(DeactivateServiceAccount, made))
    assert told(world) == [("created", 1), ("deactivated", 2)]


async def test_is_deactivated_reactivated_and_deleted(world: World) -> None:
    made = await robot(world)

    for kind, active in ((DeactivateServiceAccount, False), (ReactivateServiceAccount, True)):
        await world.send(named(kind, made))
        assert (await world.send(named(GetServiceAccount, made))).is_active is active
    await world.send(named(DeleteServiceAccount, made, expected_version=3))

    assert told(world) == [("created", 1), ("deactivated", 2), ("reactivated", 3), ("deleted", 4)]
    with pytest.raises(ServiceAccountNotFound):
        await world.send(named(GetServiceAccount, made))
    actions = [action for action, outcome in world.app.audited if outcome == "done"]
    assert actions[-3:] == [f"identity.service_account.{each}" for each in ("deactivate", "reactivate", "delete")]


@pytest.mark.parametrize("kind", CHANGING)
async def test_refuses_a_version_that_was_replaced(world: World, kind: type[Any]) -> None:
    made = await robot(world)
    with pytest.raises(PreconditionFailed):
        await world.send(named(kind, made, expected_version=2))


@pytest.mark.parametrize("kind", [GetServiceAccount, *CHANGING])
async def test_a2_what_is_elsewhere_looks_like_what_is_nowhere(world: World, kind: type[Any]) -> None:
    theirs = await robot(world, organization_id=world.theirs)
    for account_id in (theirs.id, ServiceAccountId(uuid7())):
        with pytest.raises(ServiceAccountNotFound):
            await world.send(kind(organization_id=world.ours, service_account_id=account_id))
    stranger = await world.person("service_accounts:read", "service_accounts:write")
    with pytest.raises(OrganizationNotFound):
        await world.send(named(kind, theirs), stranger)


@pytest.mark.parametrize("kind", CHANGING)
async def test_a1_reading_is_not_writing(world: World, kind: type[Message[Any]]) -> None:
    made, reader = await robot(world), await world.person("service_accounts:read")
    with pytest.raises(Forbidden):
        await world.send(named(kind, made), reader)
    with pytest.raises(Forbidden):
        await world.send(CreateServiceAccount(organization_id=world.ours, name="Other"), reader)
    with pytest.raises(Forbidden):
        await world.send(named(GetServiceAccount, made), await world.person())


async def test_what_was_granted_goes_with_the_account_and_is_announced(world: World) -> None:
    gone, kept = await robot(world), await robot(world, "Kept")
    for account in (gone, kept):
        granted(world, account, "document:read")
        granted(world, account, "document:write", effect="deny")

    await world.send(named(DeleteServiceAccount, gone))

    assert [each.subject.id for each in world.app.memory.table(GRANTS).values() if each.subject.type != "user"] == [
        kept.id
    ] * 2
    withdrawn = [each for each in world.app.facts if each.type == "access.grant.withdrawn"]
    assert [each.data["subject_id"] for each in withdrawn] == [str(gone.id)] * 2


async def test_a4_nobody_gives_an_account_back_what_they_do_not_hold(world: World) -> None:
    made = await robot(world)
    granted(world, made, "document:read")
    granted(world, made, "document:burn", effect="deny")
    granted(world, made, "document:write", expires_at=world.app.clock.now())
    await world.send(named(DeactivateServiceAccount, made), await world.person("service_accounts:write"))

    with pytest.raises(NotHeld):
        await world.send(named(ReactivateServiceAccount, made), await world.person("service_accounts:write"))
    assert not (await world.send(named(GetServiceAccount, made))).is_active
    await world.send(
        named(ReactivateServiceAccount, made), await world.person("service_accounts:write", "document:read")
    )
    assert (await world.send(named(GetServiceAccount, made))).is_active


async def test_a4_nobody_grants_an_account_what_they_do_not_hold(world: World) -> None:
    made = await robot(world)
    by = await world.person("grants:write", "service_accounts:write", "members:read", "organizations:read")
    message = MakeGrant(organization_id=world.ours, subject=Grantee("service_account", made.id), role="auditor")
    with pytest.raises(NotHeld):
        await world.send(message, by)
    assert (await world.send(message)).subject == Grantee("service_account", made.id)


async def test_an_account_of_the_platform_is_the_platforms(world: World) -> None:
    made = await robot(world, organization_id=PLATFORM)

    assert await world.send(named(GetServiceAccount, made)) == made
    with pytest.raises(Forbidden):
        await world.send(named(GetServiceAccount, made), await world.person("service_accounts:read"))


async def test_lists_the_newest_first_page_by_page(world: World) -> None:
    made = []
    for number in range(5):
        made.append(await robot(world, str(number)))
        world.app.clock.pass_by(timedelta(seconds=number % 2))
    await robot(world, organization_id=world.theirs)
    order = sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)

    for limit in (1, 2, 5, 50):
        found: list[ServiceAccountInfo] = []
        cursor = None
        while True:
            page = await world.send(ListServiceAccounts(organization_id=world.ours, limit=limit, cursor=cursor))
            found += page.items
            if (cursor := page.next) is None:
                break
        assert found == order
    mine = (await world.send(ListServiceAccounts(organization_id=world.ours, limit=1))).next
    for organization_id, foreign in ((world.ours, "x"), (world.theirs, mine)):
        with pytest.raises(CursorInvalid):
            await world.send(ListServiceAccounts(organization_id=organization_id, cursor=foreign))


async def test_goes_with_its_organization(app: App) -> None:
    root = await app.administrator()
    gone, kept = [await app.send(CreateOrganization(name="Acme", slug=slug), as_=root) for slug in ("one", "two")]
    one, two = [
        await app.send(CreateServiceAccount(organization_id=each.id, name="Robot"), as_=root) for each in (gone, kept)
    ]

    await app.send(DeleteOrganization(organization_id=gone.id), as_=root)

    assert app.memory.table(SERVICE_ACCOUNTS).keys() == {two.id} != {one.id}
