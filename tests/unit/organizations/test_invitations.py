"""Inviting people, and joining by invitation."""

import pytest

from domain.access.errors import NotHeld, RoleNotFound
from domain.identity.errors import EmailInvalid, EmailTaken, PasswordTooWeak
from domain.identity.queries.get_me import GetMe
from domain.kernel.access import Origin
from domain.kernel.errors import CursorInvalid, Forbidden, TooManyRequests
from domain.kernel.ids import OrganizationId
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.invite_member import InviteMember
from domain.organizations.commands.resend_invitation import ResendInvitation
from domain.organizations.commands.sign_up_with_invitation import SignUpWithInvitation
from domain.organizations.commands.withdraw_invitation import WithdrawInvitation
from domain.organizations.errors import AlreadyMember, InvitationNotFound
from domain.organizations.policies import InvitationPolicy
from domain.organizations.queries.get_organization import GetOrganization
from domain.organizations.queries.list_invitations import ListInvitations
from tests.support.app import PASSWORD, App
from tests.support.memory.organizations import INVITATIONS
from tests.unit.organizations.people import (
    Someone,
    announced,
    founded,
    invited,
    joined,
    mailed,
    someone,
)

EVE = "eve@example.com"
NEVER_MADE = "gwi_" + "A" * 43


@pytest.fixture
async def ada(app: App) -> Someone:
    return await someone(app)


@pytest.fixture
async def acme(app: App, ada: Someone) -> OrganizationId:
    return (await founded(app, ada)).id


async def test_whoever_accepts_is_a_member_with_the_role(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, "EVE@Example.com")

    joined_as = await app.send(AcceptInvitation(token=token), as_=eve.tokens)

    assert (joined_as.organization_id, joined_as.user_id) == (acme, eve.id)
    await app.send(GetOrganization(organization_id=acme), as_=eve.tokens)
    assert announced(app, "access")[-4:] == [
        "organizations.invitation.made",
        "organizations.invitation.accepted",
        "organizations.member.added",
        "access.grant.made",
    ]


async def test_a11_neither_answers_nor_events_nor_tables_tell_the_token(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    shown = await app.send(InviteMember(organization_id=acme, email=EVE, role="member"), as_=ada.tokens)
    listed = await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)
    token = mailed(app, EVE)

    assert listed.items == [shown]
    assert (shown.email, shown.role, shown.invited_by, shown.version) == (EVE, "member", ada.id, 1)
    for told in (shown, app.facts, app.memory.audited, app.memory.table(INVITATIONS)):
        assert token not in str(told)
        assert token.removeprefix("gwi_") not in str(told)
    assert EVE not in str([fact for fact in app.facts if fact.type.startswith("organizations.")])
    (mail,) = [job.payload["text"] for job in app.memory.jobs]
    assert f"http://localhost:8000/auth/invitations#token={token}" in mail


async def test_new_people_sign_up_by_invitation_with_a_verified_address(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    token = await invited(app, ada, acme, EVE)

    made = await app.send(SignUpWithInvitation(token=token, password=PASSWORD, full_name="Eve", username="eve"))

    tokens = await app.signed_in(EVE)
    me = await app.send(GetMe(), as_=tokens)
    assert (me.id, me.email, me.email_verified, me.full_name) == (made.user_id, EVE, True, "Eve")
    await app.send(GetOrganization(organization_id=acme), as_=tokens)
    with pytest.raises(InvitationNotFound):
        await app.send(SignUpWithInvitation(token=token, password=PASSWORD))


async def test_signing_up_by_invitation_obeys_the_rules_of_signing_up(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    token = await invited(app, ada, acme, EVE)

    with pytest.raises(PasswordTooWeak):
        await app.send(SignUpWithInvitation(token=token, password="short"))
    await someone(app, "eve")
    with pytest.raises(EmailTaken):
        await app.send(SignUpWithInvitation(token=token, password=PASSWORD))

    assert len((await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items) == 1


async def test_p3_the_name_of_the_organization_is_no_password_of_those_it_invites(app: App, ada: Someone) -> None:
    name = "Consolidated Examples"
    made = await app.send(CreateOrganization(name=name, slug="examples"), as_=ada.tokens)
    token = await invited(app, ada, made.id, EVE)

    with pytest.raises(PasswordTooWeak):
        await app.send(SignUpWithInvitation(token=token, password=name.lower()))
    assert await app.send(SignUpWithInvitation(token=token, password=PASSWORD))


async def test_sign_ups_by_invitation_are_limited_like_others() -> None:
    app = App(invitations=InvitationPolicy(sign_ups_per_minute=1))
    here = Origin("192.0.2.1")
    with pytest.raises(InvitationNotFound):
        await app.send(SignUpWithInvitation(token=NEVER_MADE, password=PASSWORD), origin=here)

    with pytest.raises(TooManyRequests):
        await app.send(SignUpWithInvitation(token=NEVER_MADE, password=PASSWORD), origin=here)


async def test_invitations_of_one_person_are_limited() -> None:
    app = App(invitations=InvitationPolicy(per_hour=2))
    ada = await someone(app)
    acme = (await founded(app, ada)).id
    for number in range(2):
        await invited(app, ada, acme, f"{number}@example.com")

    with pytest.raises(TooManyRequests):
        await invited(app, ada, acme, EVE)


async def test_a4_nobody_invites_with_a_role_above_their_own(app: App, ada: Someone, acme: OrganizationId) -> None:
    admin, member = await joined(app, ada, acme, "admin", "admin"), await joined(app, ada, acme, "member")
    await invited(app, ada, acme, "boss@example.com", "owner")
    offered = (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items[0]

    with pytest.raises(NotHeld):
        await invited(app, admin, acme, EVE, "owner")
    with pytest.raises(NotHeld):
        await app.send(ResendInvitation(organization_id=acme, invitation_id=offered.id), as_=admin.tokens)
    with pytest.raises(RoleNotFound):
        await invited(app, ada, acme, EVE, "superuser")
    for message in (
        InviteMember(organization_id=acme, email=EVE, role="member"),
        ListInvitations(organization_id=acme),
        ResendInvitation(organization_id=acme, invitation_id=offered.id),
        WithdrawInvitation(organization_id=acme, invitation_id=offered.id),
    ):
        with pytest.raises(Forbidden):
            await app.send(message, as_=member.tokens)


async def test_invites_nobody_who_is_a_member_or_has_no_address(app: App, ada: Someone, acme: OrganizationId) -> None:
    with pytest.raises(AlreadyMember):
        await invited(app, ada, acme, "ADA@example.com")
    with pytest.raises(EmailInvalid):
        await invited(app, ada, acme, "no address")

    assert not app.memory.jobs


async def test_a2_cursors_of_invitations_belong_to_one_organization(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    other = (await founded(app, ada, "other")).id
    for number in range(3):
        await invited(app, ada, acme, f"{number}@example.com")

    first = await app.send(ListInvitations(organization_id=acme, limit=2), as_=ada.tokens)
    rest = await app.send(ListInvitations(organization_id=acme, limit=2, cursor=first.next), as_=ada.tokens)

    assert sorted(each.email[0] for each in (*first.items, *rest.items)) == ["0", "1", "2"]
    with pytest.raises(CursorInvalid):
        await app.send(ListInvitations(organization_id=other, cursor=first.next), as_=ada.tokens)
