"""Grants: making, listing and withdrawing them."""

from datetime import timedelta
from typing import Any

import pytest

from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.errors import (
    ConditionInvalid,
    GrantExists,
    GrantInvalid,
    GrantNotFound,
    LastOwner,
    NotHeld,
    OwnerDenied,
    PlaceNotFound,
    RoleNotFound,
    SubjectNotFound,
)
from domain.access.queries.get_grant import GetGrant
from domain.access.queries.list_grants import ListGrants
from domain.access.schemas import GrantedOn, Grantee, GrantInfo
from domain.identity.commands.delete_user import DeleteUser
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, uuid7
from tests.support.app import App
from tests.support.memory.tables import GRANTS
from tests.unit.access.conftest import Person, World

HOUR = timedelta(hours=1)
CONDITION = {"resource.status": {"eq": "draft"}}


async def listed(
    app: App, by: Person, organization_id: OrganizationId, limit: int = 50, **wanted: Any
) -> list[GrantInfo]:
    """Return all grants that are listed, page by page."""
    found: list[GrantInfo] = []
    cursor = None
    while True:
        message = ListGrants(organization_id=organization_id, limit=limit, cursor=cursor, **wanted)
        page = await app.send(message, as_=by.tokens)
        found += page.items
        if (cursor := page.next) is None:
            return found


async def superuser(world: World) -> Person:
    root = await world.person()
    world.app.name_superuser(root.id)
    return root


async def test_shows_what_was_granted(app: App, world: World, ours: OrganizationId, admin: Person, ada: Person) -> None:
    world.resource(ours, "note")
    made = await world.give(
        admin,
        ours,
        ada.grantee,
        "auditor",
        on="note",
        below=True,
        effect="deny",
        condition=CONDITION,
        expires_at=app.clock.now() + HOUR,
    )

    assert made.on == GrantedOn("document", "note")
    assert (made.role, made.effect, made.below, made.condition) == ("auditor", "deny", True, CONDITION)
    assert (made.granted_by, made.version) == (admin.id, 1)
    assert await app.send(GetGrant(organization_id=ours, grant_id=made.id), as_=admin.tokens) == made
    fact = app.facts[-1]
    assert (fact.type, fact.organization_id, fact.aggregate_id) == ("access.grant.made", ours, made.id)
    assert fact.data["subject_id"] == str(ada.id)
    assert "condition" not in fact.data


async def test_counts_at_once_and_no_longer_than_it_is_there(
    app: App, world: World, ours: OrganizationId, admin: Person, ada: Person
) -> None:
    with pytest.raises(Forbidden):
        await listed(app, ada, ours)
    made = await world.give(admin, ours, ada.grantee, "auditor")
    assert await listed(app, ada, ours)

    await app.send(WithdrawGrant(organization_id=ours, grant_id=made.id), as_=admin.tokens)

    with pytest.raises(Forbidden):
        await listed(app, ada, ours)
    assert [fact.type for fact in app.facts if fact.aggregate_id == made.id] == [
        "access.grant.made",
        "access.grant.withdrawn",
    ]
    with pytest.raises(GrantNotFound):
        await app.send(WithdrawGrant(organization_id=ours, grant_id=made.id), as_=admin.tokens)


async def test_reaches_the_members_of_a_team(
    app: App, world: World, ours: OrganizationId, admin: Person, ada: Person
) -> None:
    upper = world.team(ours)
    world.team(ours, ada, within=(upper,))
    await world.give(admin, ours, Grantee("team", upper), "auditor")

    assert await listed(app, ada, ours)


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_lists_what_is_asked_for_the_newest_first(
    app: App, world: World, ours: OrganizationId, owner: Person, admin: Person, ada: Person, limit: int
) -> None:
    world.resource(ours, "note")
    made = {}
    for name, more in {
        "all": {},
        "on": {"on": "note"},
        "soon": {"expires_at": app.clock.now() + HOUR, "effect": "deny", "on": "note"},
    }.items():
        app.clock.pass_by(timedelta(seconds=1))
        made[name] = await world.give(admin, ours, ada.grantee, "auditor", **more)  # type: ignore[arg-type]  # fields

    async def names(**wanted: Any) -> list[str]:
        found = await listed(app, admin, ours, limit, **wanted)
        return [next((name for name, each in made.items() if each.id == one.id), one.role) for one in found]

    assert await names() == ["soon", "on", "all", *[each.role for each in (await listed(app, admin, ours))[3:]]]
    assert await names(subject_type="user", subject_id=ada.id, role="auditor") == ["soon", "on", "all"]
    assert await names(resource_type="document", resource_id="note") == ["soon", "on"]
    assert await names(resource_id="other") == []
    assert await names(subject_type="team") == []
    assert await names(role="owner", subject_id=owner.id) == ["owner"]
    app.clock.pass_by(HOUR)
    assert await names(subject_id=ada.id, role="auditor") == ["on", "all"]
    with pytest.raises(GrantNotFound):
        await app.send(GetGrant(organization_id=ours, grant_id=made["soon"].id), as_=admin.tokens)


async def test_a2_a_cursor_is_of_one_list(app: App, world: World, ours: OrganizationId, owner: Person) -> None:
    theirs = world.organization()
    await world.member(ours, "member")
    world.join(theirs, owner)
    world.grant(theirs, owner.id, "owner")
    page = await app.send(ListGrants(organization_id=ours, limit=1), as_=owner.tokens)

    for message in (
        ListGrants(organization_id=theirs, cursor=page.next),
        ListGrants(organization_id=ours, role="owner", cursor=page.next),
    ):
        with pytest.raises(CursorInvalid):
            await app.send(message, as_=owner.tokens)


async def test_a2_nothing_of_another_organization_is_found(
    app: App, world: World, ours: OrganizationId, owner: Person, ada: Person
) -> None:
    theirs = world.organization()
    them = await world.member(theirs, "owner")
    await world.role(them, theirs, "foreign", "members:read")
    grant = await world.give(them, theirs, them.grantee, "foreign")
    world.resource(theirs, "note")
    foreign_team = world.team(theirs, them)
    before = dict(app.memory.table(GRANTS))

    for refusal, to, role, on in (
        (SubjectNotFound, them.grantee, "member", None),
        (SubjectNotFound, Grantee("team", foreign_team), "member", None),
        (SubjectNotFound, Grantee("user", foreign_team), "member", None),
        (SubjectNotFound, Grantee("team", ada.id), "member", None),
        (SubjectNotFound, Grantee("service_account", ada.id), "member", None),
        (SubjectNotFound, Grantee("user", uuid7()), "member", None),
        (RoleNotFound, ada.grantee, "foreign", None),
        (RoleNotFound, ada.grantee, "superuser", None),
        (PlaceNotFound, ada.grantee, "member", "note"),
    ):
        with pytest.raises(refusal):
            await world.give(owner, ours, to, role, on)
    for message in (
        GetGrant(organization_id=ours, grant_id=grant.id),
        WithdrawGrant(organization_id=ours, grant_id=grant.id),
        GetGrant(organization_id=ours, grant_id=GrantId(uuid7())),
    ):
        with pytest.raises(GrantNotFound):
            await app.send(message, as_=owner.tokens)
    with pytest.raises(OrganizationNotFound):
        await app.send(GetGrant(organization_id=theirs, grant_id=grant.id), as_=owner.tokens)
    assert app.memory.table(GRANTS) == before


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


async def test_what_is_behind_a_wall_is_not_there(
    app: App, world: World, ours: OrganizationId, owner: Person, admin: Person, ada: Person
) -> None:
    await world.role(owner, ours, "granter", "grants:read", "grants:write", "members:read")
    eve = await world.member(ours, "granter")
    world.resource(ours, "note", walled=True)
    with pytest.raises(PlaceNotFound):
        await world.give(eve, ours, ada.grantee, "granter", on="note")

    made = await world.give(admin, ours, ada.grantee, "granter", on="note")

    with pytest.raises(GrantNotFound):
        await app.send(WithdrawGrant(organization_id=ours, grant_id=made.id), as_=eve.tokens)


async def test_refuses_what_is_over_unclear_or_there_already(
    app: App, world: World, ours: OrganizationId, admin: Person, ada: Person
) -> None:
    for refusal, more in (
        (GrantInvalid, {"expires_at": app.clock.now()}),
        (GrantInvalid, {"below": True}),
        (ConditionInvalid, {"condition": {"r.sub": {"eq": "x"}}}),
        (ConditionInvalid, {"condition": {}}),
    ):
        with pytest.raises(refusal):
            await world.give(admin, ours, ada.grantee, "auditor", **more)
    made = await world.give(admin, ours, ada.grantee, "auditor")
    with pytest.raises(GrantExists):
        await world.give(admin, ours, ada.grantee, "auditor", condition=CONDITION)
    with pytest.raises(PreconditionFailed):
        await app.send(WithdrawGrant(organization_id=ours, grant_id=made.id, expected_version=7), as_=admin.tokens)


async def test_a13_whoever_comes_anew_finds_nothing_of_who_went(
    app: App, world: World, ours: OrganizationId, admin: Person
) -> None:
    email = "eve@example.com"
    first = await app.signed_up(email)
    gone = Person(first.id, await app.signed_in(email))
    world.join(ours, gone)
    await world.give(admin, ours, gone.grantee, "auditor")
    await app.send(DeleteUser(user_id=gone.id), as_=(await superuser(world)).tokens)
    again = await app.signed_up(email)

    assert again.id != gone.id
    assert not await listed(app, admin, ours, subject_id=again.id)
    assert not await listed(app, admin, ours, subject_id=gone.id)
    with pytest.raises(OrganizationNotFound):
        await app.send(ListGrants(organization_id=ours), as_=await app.signed_in(email))
    with pytest.raises(SubjectNotFound):
        await world.give(await superuser(world), PLATFORM, gone.grantee, "auditor")
