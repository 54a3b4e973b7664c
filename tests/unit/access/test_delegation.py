"""Grants: nobody gives or takes what is not theirs."""

from datetime import timedelta
from typing import Any

import pytest

from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.errors import (
    GrantInvalid,
    LastOwner,
    NotHeld,
    OwnerDenied,
)
from domain.access.schemas import Grantee
from domain.kernel.errors import Forbidden
from domain.kernel.ids import PLATFORM, OrganizationId
from tests.support.app import App
from tests.unit.access.conftest import Person, World, listed, superuser

HOUR = timedelta(hours=1)
CONDITION = {"resource.status": {"eq": "draft"}}


async def test_a4_nobody_grants_what_they_do_not_hold_to_anyone(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    await world.role(owner, ours, "granter", "grants:read", "grants:write")
    eve, ada = await world.member(ours, "granter"), await world.member(ours)
    team = world.team(ours, eve)
    world.resource(ours, "note")

    for to in (eve.grantee, ada.grantee, Grantee("team", team)):
        for role in ("auditor", "admin", "owner"):
            for more in ({}, {"effect": "deny"}, {"on": "note"}, {"condition": CONDITION}):
                with pytest.raises((NotHeld, GrantInvalid)):
                    await world.give(eve, ours, to, role, **more)
    await world.give(eve, ours, ada.grantee, "granter")


async def test_a4_admins_do_not_make_owners(world: World, ours: OrganizationId, admin: Person) -> None:
    with pytest.raises(NotHeld):
        await world.give(admin, ours, admin.grantee, "owner")


async def test_a4_what_is_held_for_a_while_is_given_no_longer(
    app: App, world: World, ours: OrganizationId, ada: Person
) -> None:
    eve = await world.member(ours)
    end = app.clock.now() + HOUR
    world.grant(ours, eve.id, "admin", expires_at=end)

    for expires_at in (None, end + timedelta(seconds=1)):
        with pytest.raises(NotHeld):
            await world.give(eve, ours, ada.grantee, "auditor", expires_at=expires_at)
    await world.give(eve, ours, ada.grantee, "auditor", expires_at=end)


async def test_a4_nobody_takes_what_they_do_not_hold_but_anyone_what_is_their_own(
    app: App, world: World, ours: OrganizationId, owner: Person
) -> None:
    await world.role(owner, ours, "granter", "grants:read", "grants:write")
    eve, ada = await world.member(ours, "granter"), await world.member(ours)
    hers = world.grant(ours, ada.id, "auditor")
    mine = world.grant(ours, eve.id, "auditor", condition=CONDITION)
    denied = world.grant(ours, eve.id, "auditor", effect="deny")

    for grant in (hers, denied):
        with pytest.raises(NotHeld):
            await app.send(WithdrawGrant(organization_id=ours, grant_id=grant.id), as_=eve.tokens)
    await app.send(WithdrawGrant(organization_id=ours, grant_id=mine.id), as_=eve.tokens)


async def test_a4_the_last_owner_stays(app: App, world: World, ours: OrganizationId, owner: Person) -> None:
    second = await world.member(ours)
    (mine,) = await listed(app, owner, ours, role="owner")
    withdraw = WithdrawGrant(organization_id=ours, grant_id=mine.id)
    with pytest.raises(LastOwner):
        await app.send(withdraw, as_=owner.tokens)

    await world.give(owner, ours, second.grantee, "owner")
    await app.send(withdraw, as_=owner.tokens)

    with pytest.raises(Forbidden):
        await app.send(withdraw, as_=owner.tokens)


async def test_a4_the_last_superuser_stays(app: App, world: World) -> None:
    root = await superuser(world)
    (mine,) = await listed(app, root, PLATFORM, role="superuser")
    withdraw = WithdrawGrant(organization_id=PLATFORM, grant_id=mine.id)
    with pytest.raises(LastOwner):
        await app.send(withdraw, as_=root.tokens)

    await world.give(root, PLATFORM, (await world.person()).grantee, "superuser")
    await app.send(withdraw, as_=root.tokens)

    with pytest.raises(Forbidden):
        await listed(app, root, PLATFORM)


async def test_a4_superusers_are_made_by_superusers_only(app: App, world: World) -> None:
    root = await superuser(world)
    deputy = await world.person()
    await world.give(root, PLATFORM, deputy.grantee, "admin")

    with pytest.raises(NotHeld):
        await world.give(deputy, PLATFORM, deputy.grantee, "superuser")
    await world.give(deputy, PLATFORM, (await world.person()).grantee, "auditor")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"effect": "deny"}, "effect"),
        ({"condition": CONDITION}, "condition"),
        ({"expires_at": HOUR}, "expires_at"),
        ({"on": "note"}, "on"),
        ({"to": "team"}, "subject"),
    ],
)
async def test_ownership_is_for_people_entire_and_for_good(
    app: App, world: World, ours: OrganizationId, owner: Person, ada: Person, more: dict[str, Any], field: str
) -> None:
    world.resource(ours, "note")
    sent = {"to": ada.grantee} | more
    if sent["to"] == "team":
        sent["to"] = Grantee("team", world.team(ours, ada))
    if "expires_at" in sent:
        sent["expires_at"] = app.clock.now() + HOUR

    with pytest.raises(GrantInvalid) as refused:
        await world.give(owner, ours, role="owner", **sent)

    assert [error.field for error in refused.value.errors] == [f"body/{field}"]


async def test_a4_nothing_is_denied_to_an_owner_in_the_whole_organization(
    world: World, ours: OrganizationId, owner: Person, admin: Person
) -> None:
    root = await superuser(world)
    upper = world.team(ours)
    world.team(ours, owner, within=(upper,))
    world.resource(ours, "note")

    for by in (owner, admin, root):
        for to in (owner.grantee, Grantee("team", upper)):
            with pytest.raises(OwnerDenied):
                await world.give(by, ours, to, "member", effect="deny")
    await world.give(admin, ours, owner.grantee, "member", on="note", effect="deny")
