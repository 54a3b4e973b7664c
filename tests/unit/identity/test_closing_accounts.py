"""Deactivating, reactivating and deleting people."""

from datetime import timedelta

import pytest

from domain.access.facade import LastOwner, Place
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.models import User
from domain.kernel.errors import Forbidden, InvalidToken, PreconditionFailed
from domain.kernel.ids import PLATFORM, UserId, uuid7
from domain.kernel.revocation import RevocationScope
from domain.kernel.usecases import Message
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.sessions.errors import SignInRefused
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App
from tests.support.memory.belonging import add_grant, add_role
from tests.support.memory.identity import CREDENTIALS, USERS, superusers
from tests.support.memory.tables import GRANTS

CLOSING = pytest.mark.parametrize("closing", [DeactivateUser, DeleteUser])
EVERY = pytest.mark.parametrize("message", [DeactivateUser, DeleteUser, ReactivateUser])


@pytest.mark.parametrize(
    ("closing", "announced", "action"),
    [
        (DeactivateUser, "identity.user.deactivated", "identity.user.deactivate"),
        (DeleteUser, "identity.user.erased", "identity.user.delete"),
    ],
)
async def test_closing_announces_it_and_kills_every_token_by_epoch(
    app: App, closing: type[DeactivateUser], announced: str, action: str
) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    one, two = await app.signed_in(), await app.signed_in()

    await app.send(closing(user_id=user.id), as_=root)

    fact = app.facts[-1]
    assert (fact.type, fact.aggregate_id, fact.aggregate_version) == (announced, user.id, 2)
    ((key, marker),) = app.memory.revocations.items()
    assert key == (RevocationScope.USER, str(user.id))
    assert (marker.epoch, marker.cutoff) == (2, None)
    assert marker.expires_at >= app.clock.now() + timedelta(minutes=15)
    assert app.audited[-1] == (action, "done")
    assert app.memory.audited[-1].target == f"user:{user.id}"
    for tokens in (one, two):
        with pytest.raises(InvalidToken):
            await app.send(ListSessions(), as_=tokens)
    with pytest.raises(SignInRefused):
        await app.signed_in()


async def test_deactivating_again_changes_nothing(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    await app.send(DeactivateUser(user_id=user.id), as_=root)
    facts = list(app.facts)

    await app.send(DeactivateUser(user_id=user.id), as_=root)

    assert app.facts == facts
    assert app.memory.table(USERS)[user.id].epoch == 2


async def test_reactivating_lets_in_again_and_leaves_old_tokens_dead(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    old = await app.signed_in()
    await app.send(DeactivateUser(user_id=user.id), as_=root)

    await app.send(ReactivateUser(user_id=user.id), as_=root)

    assert (app.facts[-1].type, app.facts[-1].aggregate_version) == ("identity.user.reactivated", 3)
    assert app.audited[-1] == ("identity.user.reactivate", "done")
    with pytest.raises(InvalidToken):
        await app.send(ListSessions(), as_=old)
    fresh = await app.signed_in()
    assert fresh.access_token.split()[2] == "2"
    kept: User = app.memory.table(USERS)[user.id]
    assert (kept.is_active, kept.epoch, kept.version) == (True, 2, 3)


async def test_reactivating_the_active_changes_nothing(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    facts = list(app.facts)

    await app.send(ReactivateUser(user_id=user.id), as_=root)

    assert app.facts == facts


async def test_deleting_leaves_nothing_of_the_person(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up(username="ada")

    await app.send(DeleteUser(user_id=user.id), as_=root)

    assert user.id not in app.memory.table(USERS)
    assert user.id not in app.memory.table(CREDENTIALS)
    assert "ada@example.com" not in str(app.facts[-1].data)
    with pytest.raises(UserNotFound):
        await app.send(DeleteUser(user_id=user.id), as_=root)
    again = await app.signed_up(username="ada")
    assert again.id != user.id


@CLOSING
async def test_the_last_superuser_is_spared(app: App, closing: type[DeactivateUser]) -> None:
    root = await app.administrator()
    me = superusers(app.memory.table(GRANTS).values())[0]

    with pytest.raises(LastSuperuser):
        await app.send(closing(user_id=me), as_=root)

    assert app.audited[-1][1] == "identity.last_superuser"
    assert app.memory.table(USERS)[me].is_active
    assert not app.memory.revocations


@CLOSING
async def test_a_superuser_goes_while_another_is_active(app: App, closing: type[DeactivateUser]) -> None:
    root = await app.administrator()
    other = await app.signed_up("other@example.com")
    app.name_superuser(other.id)

    await app.send(closing(user_id=other.id), as_=root)

    me = next(key for key in superusers(app.memory.table(GRANTS).values()) if key != other.id)
    with pytest.raises(LastSuperuser):
        await app.send(closing(user_id=me), as_=root)


async def test_a4_the_last_owner_is_not_deleted_and_it_is_said_how_to_proceed(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    owner = await app.signed_in()
    made = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=owner)
    heir = (await app.signed_up("heir@example.com")).id
    await app.send(AddMember(organization_id=made.id, user_id=heir, role="member"), as_=root)

    with pytest.raises(LastOwner, match=f"1 of the organizations: .* {made.id}$"):
        await app.send(DeleteUser(user_id=ada.id), as_=root)
    assert app.memory.table(USERS)[ada.id].is_active
    await app.send(TransferOwnership(organization_id=made.id, user_id=heir), as_=owner)
    await app.send(DeleteUser(user_id=ada.id), as_=root)

    assert app.audited[-1] == ("identity.user.delete", "done")


async def test_a4_who_sees_no_organizations_learns_none_from_an_owner(app: App) -> None:
    await app.administrator()
    ada, clerk = await app.signed_up(), await app.signed_up("clerk@example.com")
    await app.send(CreateOrganization(name="Acme", slug="acme"), as_=await app.signed_in())
    role = add_role(app.memory, PLATFORM, app.clock.now(), "users:write")
    add_grant(app.memory, Place(PLATFORM), clerk.id, role, app.clock.now(), kind="user")

    with pytest.raises(LastOwner, match=r"in each, or delete it\.$"):
        await app.send(DeleteUser(user_id=ada.id), as_=await app.signed_in("clerk@example.com"))


async def test_the_last_owner_can_be_shut_out_at_once(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    await app.send(CreateOrganization(name="Acme", slug="acme"), as_=await app.signed_in())

    await app.send(DeactivateUser(user_id=ada.id), as_=root)

    with pytest.raises(LastOwner):
        await app.send(DeleteUser(user_id=ada.id), as_=root)


@EVERY
async def test_finds_nobody_who_is_not_there(app: App, message: type[DeactivateUser]) -> None:
    root = await app.administrator()

    with pytest.raises(UserNotFound):
        await app.send(message(user_id=UserId(uuid7())), as_=root)


@EVERY
async def test_changes_only_the_version_that_was_read(app: App, message: type[DeactivateUser]) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    facts = list(app.facts)

    with pytest.raises(PreconditionFailed):
        await app.send(message(user_id=user.id, expected_version=2), as_=root)

    assert app.facts == facts
    await app.send(message(user_id=user.id, expected_version=1), as_=root)


@EVERY
async def test_is_refused_to_others(app: App, message: type[DeactivateUser]) -> None:
    user = await app.signed_up()
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com")
    facts = list(app.facts)

    with pytest.raises(Forbidden):
        await app.send(message(user_id=user.id), as_=eve)

    assert app.facts == facts
    assert app.audited[-1][1] == "access.forbidden"


def test_takes_the_version_from_if_match() -> None:
    for message in (DeactivateUser, DeleteUser, ReactivateUser):
        assert issubclass(message, Message)
        assert message.__dataclass_fields__["expected_version"].metadata == {"header": "if-match"}
