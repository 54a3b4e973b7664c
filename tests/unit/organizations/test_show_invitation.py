"""What an invitation shows to whoever has its token."""

from datetime import timedelta

import pytest

from domain.identity.commands.deactivate_user import DeactivateUser
from domain.kernel.errors import TooManyRequests
from domain.kernel.ids import OrganizationId
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.errors import InvitationNotFound
from domain.organizations.policies import InvitationPolicy
from domain.organizations.queries.show_invitation import ShowInvitation
from domain.organizations.schemas import OfferedMembership
from tests.support.app import App
from tests.unit.organizations.people import Someone, founded, invited, someone, superuser

EVE = "eve@example.com"


@pytest.fixture
async def ada(app: App) -> Someone:
    return await someone(app)


@pytest.fixture
async def acme(app: App, ada: Someone) -> OrganizationId:
    return (await founded(app, ada)).id


async def test_says_what_to_join_and_whether_to_sign_in_or_up(app: App, ada: Someone, acme: OrganizationId) -> None:
    token = await invited(app, ada, acme, EVE)
    until = app.clock.now() + timedelta(days=7)

    before = await app.send(ShowInvitation(token=token))
    await someone(app, "eve")
    after = await app.send(ShowInvitation(token=token))

    assert before == OfferedMembership("Acme", EVE, registered=False, expires_at=until)
    assert after == OfferedMembership("Acme", EVE, registered=True, expires_at=until)


async def test_a5_shows_nothing_that_cannot_be_accepted(app: App, ada: Someone, acme: OrganizationId) -> None:
    root, eve = await superuser(app), await someone(app, "eve")
    accepted = await invited(app, ada, acme, EVE)
    await app.send(AcceptInvitation(token=accepted), as_=eve.tokens)
    expired = await invited(app, ada, acme, "bob@example.com")
    app.clock.pass_by(timedelta(days=7))
    orphaned = await invited(app, ada, acme, "eva@example.com")
    await app.send(DeactivateUser(user_id=ada.id), as_=root.tokens)

    for token in (accepted, expired, orphaned, "gwi_" + "A" * 43, "x", "\0"):
        with pytest.raises(InvitationNotFound):
            await app.send(ShowInvitation(token=token))


async def test_i12_is_limited_for_each_address() -> None:
    app = App(invitations=InvitationPolicy(sign_ups_per_minute=1))
    with pytest.raises(InvitationNotFound):
        await app.send(ShowInvitation(token="x"))

    with pytest.raises(TooManyRequests):
        await app.send(ShowInvitation(token="x"))
