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
    PlaceNotFound,
    RoleNotFound,
    SubjectNotFound,
)
from domain.access.queries.get_grant import GetGrant
from domain.access.queries.list_grants import ListGrants
from domain.access.schemas import GrantedOn, Grantee
from domain.identity.commands.delete_user import DeleteUser
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, uuid7
from tests.support.app import App
from tests.support.memory.tables import GRANTS
from tests.unit.access.conftest import Person, World, listed, superuser

HOUR = timedelta(hours=1)
CONDITION = {"resource.status": {"eq": "draft"}}


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
