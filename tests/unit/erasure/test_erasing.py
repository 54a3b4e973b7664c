"""Erasing people, and what is known of it afterwards."""

from datetime import timedelta

import pytest

from domain.access.facade import LastOwner, Place
from domain.identity.commands.acknowledge_erasure import AcknowledgeErasure
from domain.identity.commands.delete_me import DeleteMe
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.forgot_password import ForgotPassword
from domain.identity.commands.update_me import UpdateMe
from domain.identity.commands.update_user import UpdateUser
from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.errors import LastSuperuser, UserNotFound
from domain.identity.queries.get_erasure import GetErasure
from domain.identity.queries.list_erasures import ListErasures
from domain.kernel.errors import CursorInvalid, Forbidden, InvalidToken, ReauthenticationRequired
from domain.kernel.ids import PLATFORM, UserId, uuid7
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.invite_member import InviteMember
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.errors import SignInRefused
from tests.support.app import PASSWORD, App
from tests.support.memory.belonging import add_grant, add_role
from tests.support.memory.identity import USERS
from tests.support.memory.organizations import INVITATIONS


@pytest.fixture
def app() -> App:
    return App(erasure=ErasurePolicy(("crm", "billing")))


async def erased(app: App, email: str = "ada@example.com") -> UserId:
    """Return somebody who erased themselves."""
    user = await app.signed_up(email)
    await app.send(DeleteMe(), as_=await app.signed_in(email))
    return user.id


async def test_e13_whoever_erases_themselves_is_gone_at_once(app: App) -> None:
    await app.signed_up()
    me, elsewhere = await app.signed_in(), await app.signed_in()

    await app.send(DeleteMe(), as_=me)

    for tokens in (me, elsewhere):
        with pytest.raises(InvalidToken):
            await app.send(UpdateMe(full_name="Ada"), as_=tokens)
    with pytest.raises(SignInRefused):
        await app.send(SignIn(email="ada@example.com", password=PASSWORD))
    assert app.facts[-1].type == "identity.user.erased"
    assert ("identity.user.delete_own", "done") in app.audited


async def test_e13_what_was_announced_about_them_says_nothing_any_more(app: App) -> None:
    user_id = await erased(app)
    told = [fact for fact in app.facts if fact.aggregate_id == user_id]
    assert [fact.type.rpartition(".")[2] for fact in told] == ["created", "erased"]
    assert all(fact.data.get(name) is None for fact in told for name in fact.personal)


async def test_e13_the_address_is_free_again_and_names_somebody_new(app: App) -> None:
    before = await erased(app)
    assert (await app.signed_up()).id != before


async def test_e13_mails_and_invitations_to_them_are_gone(app: App) -> None:
    root = await app.administrator()
    acme = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=root)
    await app.signed_up()
    for email in ("ada@example.com", "other@example.com"):
        await app.send(InviteMember(organization_id=acme.id, email=email, role="member"), as_=root)
        await app.send(ForgotPassword(email=email))
    me = await app.signed_in()

    await app.send(DeleteMe(), as_=me)

    assert {each.email for each in app.memory.table(INVITATIONS).values()} == {"other@example.com"}
    assert {job.about for job in app.memory.jobs if job.name != "erase_person"} == {"other@example.com"}


async def test_e13_subscribers_are_told_of_invitations_that_end_with_them(app: App) -> None:
    root, user = await app.administrator(), await app.signed_up()
    made = []
    for slug in ("acme", "other"):
        organization = await app.send(CreateOrganization(name=slug, slug=slug), as_=root)
        inviting = InviteMember(organization_id=organization.id, email=user.email, role="member")
        made.append((organization.id, (await app.send(inviting, as_=root)).id, 2))

    await app.send(DeleteUser(user_id=user.id), as_=root)

    ended = [fact for fact in app.facts if fact.type == "organizations.invitation.withdrawn"]
    assert [(fact.organization_id, fact.aggregate_id, fact.aggregate_version) for fact in ended] == made


async def test_what_is_for_whoever_has_the_address_now_is_theirs(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    acme = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=root)
    moved = app.memory.table(USERS)[ada.id]
    moved.email = "moved@example.com"
    eve = await app.signed_up()
    inviting = InviteMember(organization_id=acme.id, email=eve.email, role="member")
    await app.send(inviting, as_=root)
    await app.send(ForgotPassword(email=eve.email))

    await app.send(DeleteUser(user_id=ada.id), as_=root)

    assert [each.email for each in app.memory.table(INVITATIONS).values()] == [eve.email]
    assert eve.email in {job.about for job in app.memory.jobs}


async def test_e13_no_answer_about_them_is_repeated(app: App) -> None:
    root = await app.administrator()
    user = await app.signed_up()
    acme = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=root)
    unchanged = UpdateUser(user_id=user.id, full_name=user.full_name)
    inviting = InviteMember(organization_id=acme.id, email=user.email, role="member")
    invited = await app.send(inviting, as_=root, key="inviting")
    assert (await app.send(unchanged, as_=root, key="updating")).email == user.email
    assert (await app.answer(unchanged, as_=root, key="updating")).replayed
    assert (await app.answer(inviting, as_=root, key="inviting")).replayed

    await app.send(DeleteUser(user_id=user.id), as_=root)

    with pytest.raises(UserNotFound):
        await app.send(unchanged, as_=root, key="updating")
    assert (await app.send(inviting, as_=root, key="inviting")).id != invited.id


async def test_e13_answers_about_others_are_still_repeated(app: App) -> None:
    root, ada, other = await app.administrator(), await app.signed_up(), await app.signed_up("other@example.com")
    unchanged = UpdateUser(user_id=other.id, full_name=other.full_name)
    await app.send(unchanged, as_=root, key="updating")
    await app.send(DeleteUser(user_id=ada.id), as_=root)
    assert (await app.answer(unchanged, as_=root, key="updating")).replayed


async def test_a11_erasing_oneself_takes_a_recent_sign_in(app: App) -> None:
    await app.signed_up()
    me = await app.signed_in()
    app.clock.pass_by(timedelta(hours=1))

    with pytest.raises(ReauthenticationRequired):
        await app.send(DeleteMe(), as_=me)


async def test_the_last_superuser_is_kept(app: App) -> None:
    root = await app.administrator()
    with pytest.raises(LastSuperuser):
        await app.send(DeleteMe(), as_=root)


async def test_the_last_owner_is_kept_and_told_of_which_organizations(app: App) -> None:
    await app.signed_up()
    me = await app.signed_in()
    acme = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=me)
    with pytest.raises(LastOwner, match=f"^You alone own 1 .* {acme.id}$"):
        await app.send(DeleteMe(), as_=me)


async def test_e13_subscribers_acknowledge_and_administrators_see_it(app: App) -> None:
    root, user_id = await app.administrator(), await erased(app)

    await app.send(AcknowledgeErasure(user_id=user_id, subscriber="crm"), as_=root)

    told = await app.send(GetErasure(user_id=user_id), as_=root)
    assert {each.subscriber: each.acknowledged_at for each in told.acknowledgements} == {
        "billing": None,
        "crm": app.clock.now(),
    }
    assert not told.is_overdue


async def test_e13_those_that_are_late_are_listed(app: App) -> None:
    root, user_id = await app.administrator(), await erased(app)
    assert not (await app.send(ListErasures(overdue=True), as_=root)).items
    app.clock.pass_by(timedelta(days=31))
    assert [each.user_id for each in (await app.send(ListErasures(overdue=True), as_=root)).items] == [user_id]


async def test_the_list_has_pages(app: App) -> None:
    root = await app.administrator()
    gone = [await erased(app, f"{number}@example.com") for number in range(3)]
    found, cursor = list[UserId](), None
    while True:
        page = await app.send(ListErasures(limit=2, cursor=cursor), as_=root)
        found += [each.user_id for each in page.items]
        if (cursor := page.next) is None:
            break
    assert sorted(found) == sorted(gone)
    other = await app.send(ListErasures(limit=2), as_=root)
    with pytest.raises(CursorInvalid):
        await app.send(ListErasures(limit=2, overdue=True, cursor=other.next), as_=root)


async def test_nobody_is_found_who_was_not_erased(app: App) -> None:
    root, nobody = await app.administrator(), UserId(uuid7())
    with pytest.raises(ErasureNotFound):
        await app.send(GetErasure(user_id=nobody), as_=root)
    with pytest.raises(ErasureNotFound):
        await app.send(AcknowledgeErasure(user_id=nobody, subscriber="crm"), as_=root)


async def test_a1_who_may_erase_people_may_not_acknowledge_it_for_others(app: App) -> None:
    await app.administrator()
    user_id, clerk = await erased(app), await app.signed_up("clerk@example.com")
    role = add_role(app.memory, PLATFORM, app.clock.now(), "users:write", "users:read")
    add_grant(app.memory, Place(PLATFORM), clerk.id, role, app.clock.now(), kind="user")
    tokens = await app.signed_in("clerk@example.com")

    with pytest.raises(Forbidden):
        await app.send(AcknowledgeErasure(user_id=user_id, subscriber="crm"), as_=tokens)
    assert await app.send(GetErasure(user_id=user_id), as_=tokens)


async def test_a_person_is_erased_by_others_who_may(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    await app.send(DeleteUser(user_id=ada.id), as_=root)
    assert (await app.send(GetErasure(user_id=ada.id), as_=root)).erased_at == app.clock.now()
