"""Whose invitation counts, and how long."""

from datetime import timedelta

import pytest

from domain.access.errors import NotHeld
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.models import EmailAddress, User
from domain.kernel.errors import OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import InvitationId, OrganizationId, uuid7
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.leave_organization import LeaveOrganization
from domain.organizations.commands.resend_invitation import ResendInvitation
from domain.organizations.commands.sign_up_with_invitation import SignUpWithInvitation
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.organizations.commands.withdraw_invitation import WithdrawInvitation
from domain.organizations.errors import InvitationNotFound
from domain.organizations.policies import InvitationPolicy
from domain.organizations.queries.get_organization import GetOrganization
from domain.organizations.queries.list_invitations import ListInvitations
from tests.support.app import PASSWORD, App
from tests.support.memory.identity import USERS
from tests.support.memory.organizations import INVITATIONS
from tests.unit.organizations.people import (
    Someone,
    announced,
    founded,
    invited,
    joined,
    mailed,
    someone,
    superuser,
)

EVE = "eve@example.com"
NEVER_MADE = "gwi_" + "A" * 43


@pytest.fixture
async def ada(app: App) -> Someone:
    return await someone(app)


@pytest.fixture
async def acme(app: App, ada: Someone) -> OrganizationId:
    return (await founded(app, ada)).id


async def refused(app: App, token: str, by: Someone) -> None:
    """Fail unless the token is refused like one that was never made, and changes nothing."""
    before = len(app.facts)
    with pytest.raises(InvitationNotFound) as of_this:
        await app.send(AcceptInvitation(token=token), as_=by.tokens)
    with pytest.raises(InvitationNotFound) as of_none:
        await app.send(AcceptInvitation(token=NEVER_MADE), as_=by.tokens)
    assert (of_this.value.detail, of_this.value.errors) == (of_none.value.detail, of_none.value.errors)
    assert len(app.facts) == before


async def test_a5_nobody_signs_up_by_a_token_that_does_not_count(app: App, ada: Someone, acme: OrganizationId) -> None:
    token = await invited(app, ada, acme, EVE)
    app.clock.pass_by(InvitationPolicy().lifetime)

    for each in (token, NEVER_MADE, "", "gws_x"):
        with pytest.raises(InvitationNotFound):
            await app.send(SignUpWithInvitation(token=each, password=PASSWORD))

    assert len(app.memory.table(USERS)) == 1


async def test_a5_somebody_else_cannot_accept(app: App, ada: Someone, acme: OrganizationId) -> None:
    token = await invited(app, ada, acme, EVE)
    mallory, eve = await someone(app, "mallory"), await someone(app, "eve")

    await refused(app, token, mallory)
    await refused(app, token, ada)

    await app.send(AcceptInvitation(token=token), as_=eve.tokens)


async def test_a5_an_address_that_changed_meanwhile_is_not_the_invited_one(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    kept: User = app.memory.table(USERS)[eve.id]
    kept.email = EmailAddress("new@example.com")

    await refused(app, token, eve)


async def test_a5_an_invitation_expires_before_it_is_cleaned_up(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    (offered,) = (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items
    app.clock.pass_by(timedelta(days=7))

    await refused(app, token, eve)

    assert (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items == []
    for message in (
        ResendInvitation(organization_id=acme, invitation_id=offered.id),
        WithdrawInvitation(organization_id=acme, invitation_id=offered.id),
    ):
        with pytest.raises(InvitationNotFound):
            await app.send(message, as_=ada.tokens)
    await app.send(AcceptInvitation(token=await invited(app, ada, acme, EVE)), as_=eve.tokens)


async def test_a5_a_token_works_once(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    await app.send(AcceptInvitation(token=token), as_=eve.tokens)

    await refused(app, token, eve)
    await app.send(LeaveOrganization(organization_id=acme), as_=eve.tokens)
    await refused(app, token, eve)


async def test_a5_a_token_nobody_made_is_refused(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    (kept,) = app.memory.table(INVITATIONS).values()

    for made_up in ("", "gwi_", token[:-1], token + "A", token.upper(), kept.token_hash.hex()):
        await refused(app, made_up, eve)


async def test_a5_a_withdrawn_token_is_refused(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    (offered,) = (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items
    stale = WithdrawInvitation(organization_id=acme, invitation_id=offered.id, expected_version=2)
    with pytest.raises(PreconditionFailed):
        await app.send(stale, as_=ada.tokens)

    await app.send(WithdrawInvitation(organization_id=acme, invitation_id=offered.id), as_=ada.tokens)

    assert announced(app)[-1] == "organizations.invitation.withdrawn"
    await refused(app, token, eve)


async def test_a5_inviting_or_mailing_again_replaces_the_token(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    first = await invited(app, ada, acme, EVE, "admin")
    second = await invited(app, ada, acme, EVE, "member")
    (offered,) = (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items
    await app.send(ResendInvitation(organization_id=acme, invitation_id=offered.id), as_=ada.tokens)
    third = mailed(app, EVE)

    assert (offered.role, offered.version) == ("member", 2)
    for replaced in (first, second):
        await refused(app, replaced, eve)
    await app.send(AcceptInvitation(token=third), as_=eve.tokens)


async def test_a5_an_invitation_is_of_one_organization(app: App, ada: Someone, acme: OrganizationId) -> None:
    other = (await founded(app, ada, "other")).id
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)
    (offered,) = (await app.send(ListInvitations(organization_id=acme), as_=ada.tokens)).items

    for organization_id, invitation_id in ((other, offered.id), (acme, InvitationId(uuid7()))):
        for message in (
            ResendInvitation(organization_id=organization_id, invitation_id=invitation_id),
            WithdrawInvitation(organization_id=organization_id, invitation_id=invitation_id),
        ):
            with pytest.raises(InvitationNotFound):
                await app.send(message, as_=ada.tokens)
    made = await app.send(AcceptInvitation(token=token), as_=eve.tokens)
    assert made.organization_id == acme
    with pytest.raises(OrganizationNotFound):
        await app.send(GetOrganization(organization_id=other), as_=eve.tokens)


async def test_a5_an_invitation_ends_with_its_organization(app: App, ada: Someone, acme: OrganizationId) -> None:
    eve = await someone(app, "eve")
    token = await invited(app, ada, acme, EVE)

    await app.send(DeleteOrganization(organization_id=acme), as_=ada.tokens)

    await refused(app, token, eve)


async def test_a5_an_inviter_who_holds_the_role_no_more_invites_nobody(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    owner = await joined(app, ada, acme, "second", "owner")
    eve = await someone(app, "eve")
    tokens = {role: await invited(app, ada, acme, f"{role}@example.com", role) for role in ("owner", "member")}
    people = {role: await someone(app, role) for role in tokens}
    mine = await invited(app, ada, acme, EVE)
    third = await joined(app, owner, acme, "third")
    await app.send(TransferOwnership(organization_id=acme, user_id=third.id), as_=ada.tokens)

    for token, person in ((mine, eve), *((tokens[role], people[role]) for role in tokens)):
        with pytest.raises(NotHeld):
            await app.send(AcceptInvitation(token=token), as_=person.tokens)


async def test_a5_an_inviter_who_left_or_was_deactivated_invites_nobody(
    app: App, ada: Someone, acme: OrganizationId
) -> None:
    root, eve = await superuser(app), await someone(app, "eve")
    admin, other = [await joined(app, ada, acme, name, "admin") for name in ("admin", "other")]
    token, second = await invited(app, admin, acme, EVE), await invited(app, other, acme, "x@example.com")
    x = await someone(app, "x")

    await app.send(LeaveOrganization(organization_id=acme), as_=admin.tokens)
    await app.send(DeactivateUser(user_id=other.id), as_=root.tokens)

    with pytest.raises(NotHeld):
        await app.send(AcceptInvitation(token=token), as_=eve.tokens)
    await refused(app, second, x)
