"""Members: who sees, adds and removes them, and who hands an organization over."""

from typing import Any

import pytest

from domain.access.errors import LastOwner, NotHeld, RoleNotFound
from domain.identity.errors import EmailInvalid, UserNotFound
from domain.kernel.errors import CursorInvalid, Forbidden, OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId, uuid7
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.leave_organization import LeaveOrganization
from domain.organizations.commands.remove_member import RemoveMember
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.organizations.commands.update_organization import UpdateOrganization
from domain.organizations.errors import (
    AlreadyMember,
    AlreadyOwner,
    InvitationNotFound,
    InvitationRequired,
    MemberNotFound,
    PersonUnnamed,
    PlatformFixed,
)
from domain.organizations.queries.get_member import GetMember
from domain.organizations.queries.get_organization import GetOrganization
from domain.organizations.queries.list_members import ListMembers
from domain.organizations.queries.list_organizations import ListOrganizations
from tests.support.app import App
from tests.unit.organizations.people import announced, founded, invited, joined, someone, superuser


async def test_a11_addresses_are_shown_to_who_may_change_members_alone(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    eve = await joined(app, ada, made.id)

    seen = await app.send(ListMembers(organization_id=made.id), as_=ada.tokens)
    assert {each.email for each in seen.items} == {ada.email, eve.email}
    one = await app.send(GetMember(organization_id=made.id, user_id=eve.id), as_=ada.tokens)
    assert (one.user_id, one.email) == (eve.id, eve.email)

    seen = await app.send(ListMembers(organization_id=made.id), as_=eve.tokens)
    assert {each.user_id: each.email for each in seen.items} == {ada.id: None, eve.id: None}
    one = await app.send(GetMember(organization_id=made.id, user_id=ada.id), as_=eve.tokens)
    assert (one.user_id, one.email) == (ada.id, None)


async def test_a2_a_cursor_belongs_to_one_organization(app: App) -> None:
    ada = await someone(app)
    made, other = await founded(app, ada), await founded(app, ada, "other")
    eve = await joined(app, ada, made.id)

    first = await app.send(ListMembers(organization_id=made.id, limit=1), as_=ada.tokens)
    rest = await app.send(ListMembers(organization_id=made.id, limit=1, cursor=first.next), as_=ada.tokens)

    assert {each.user_id for each in (*first.items, *rest.items)} == {ada.id, eve.id}
    with pytest.raises(CursorInvalid):
        await app.send(ListMembers(organization_id=other.id, cursor=first.next), as_=ada.tokens)


async def test_a2_members_of_others_are_nowhere(app: App) -> None:
    ada, eve = await someone(app), await someone(app, "eve")
    made, other = await founded(app, ada), await founded(app, eve, "other")

    for user_id in (eve.id, UserId(uuid7())):
        for message in (
            GetMember(organization_id=made.id, user_id=user_id),
            RemoveMember(organization_id=made.id, user_id=user_id),
            TransferOwnership(organization_id=made.id, user_id=user_id),
        ):
            with pytest.raises(MemberNotFound):
                await app.send(message, as_=ada.tokens)
    await app.send(GetMember(organization_id=other.id, user_id=eve.id), as_=eve.tokens)


async def test_whoever_manages_accounts_adds_people_by_id_or_address(app: App) -> None:
    root, ada = await superuser(app), await someone(app)
    made = await founded(app, ada)
    eve, bob = await someone(app, "eve"), await someone(app, "bob")

    by_id = AddMember(organization_id=made.id, user_id=eve.id, role="admin")
    added = await app.send(by_id, as_=root.tokens)
    await app.send(AddMember(organization_id=made.id, email="BOB@Example.com", role="member"), as_=root.tokens)

    assert (added.organization_id, added.user_id) == (made.id, eve.id)
    await app.send(UpdateOrganization(organization_id=made.id, name="Ours"), as_=eve.tokens)
    await app.send(GetOrganization(organization_id=made.id), as_=bob.tokens)
    with pytest.raises(AlreadyMember):
        await app.send(by_id, as_=root.tokens)


async def test_nobody_is_added_against_their_will(app: App) -> None:
    ada, eve = await someone(app), await someone(app, "eve")
    made = await founded(app, ada)

    for named in ({"user_id": eve.id}, {"email": eve.email}, {"email": "nobody@example.com"}):
        with pytest.raises(InvitationRequired):
            await app.send(AddMember(organization_id=made.id, role="member", **named), as_=ada.tokens)

    assert (await app.send(ListOrganizations(), as_=eve.tokens)).items == []


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        ({}, PersonUnnamed),
        ({"user_id": UserId(uuid7()), "email": "eve@example.com"}, PersonUnnamed),
        ({"email": "no address"}, EmailInvalid),
        ({"email": "nobody@example.com"}, UserNotFound),
        ({"user_id": UserId(uuid7())}, UserNotFound),
        ({"email": "eve@example.com", "role": "nothing"}, RoleNotFound),
        ({"email": "eve@example.com", "role": "superuser"}, RoleNotFound),
    ],
)
async def test_adds_nobody_who_is_not_named_well(app: App, named: dict[str, Any], refusal: type[Exception]) -> None:
    root = await superuser(app)
    made = await founded(app, root)
    await someone(app, "eve")

    fields: dict[str, Any] = {"organization_id": made.id, "role": "member"}
    with pytest.raises(refusal):
        await app.send(AddMember(**fields | named), as_=root.tokens)


async def test_a5_an_invitation_ends_when_its_person_is_added(app: App) -> None:
    root = await superuser(app)
    made, eve = await founded(app, root), await someone(app, "eve")
    token = await invited(app, root, made.id, eve.email, "admin")

    await app.send(AddMember(organization_id=made.id, user_id=eve.id, role="member"), as_=root.tokens)

    assert "organizations.invitation.withdrawn" in announced(app)
    with pytest.raises(InvitationNotFound):
        await app.send(AcceptInvitation(token=token), as_=eve.tokens)


async def test_a13_whoever_is_removed_holds_nothing_even_when_they_come_back(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    eve = await joined(app, ada, made.id, role="admin")

    await app.send(RemoveMember(organization_id=made.id, user_id=eve.id), as_=ada.tokens)

    assert announced(app, "access")[-2:] == ["access.grant.withdrawn", "organizations.member.removed"]
    with pytest.raises(OrganizationNotFound):
        await app.send(GetOrganization(organization_id=made.id), as_=eve.tokens)
    token = await invited(app, ada, made.id, eve.email, "member")
    await app.send(AcceptInvitation(token=token), as_=eve.tokens)
    with pytest.raises(Forbidden):
        await app.send(UpdateOrganization(organization_id=made.id, name="Mine"), as_=eve.tokens)


async def test_a1_members_remove_nobody(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    eve, bob = await joined(app, ada, made.id), await joined(app, ada, made.id, "bob")

    with pytest.raises(Forbidden):
        await app.send(RemoveMember(organization_id=made.id, user_id=bob.id), as_=eve.tokens)


async def test_a4_an_admin_removes_no_owner(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    await joined(app, ada, made.id, "second", "owner")
    admin = await joined(app, ada, made.id, "admin", "admin")

    with pytest.raises(NotHeld):
        await app.send(RemoveMember(organization_id=made.id, user_id=ada.id), as_=admin.tokens)

    await app.send(GetOrganization(organization_id=made.id), as_=ada.tokens)


async def test_a4_the_last_owner_stays(app: App) -> None:
    ada, root = await someone(app), await superuser(app)
    made = await founded(app, ada)

    for message, actor in (
        (LeaveOrganization(organization_id=made.id), ada),
        (RemoveMember(organization_id=made.id, user_id=ada.id), ada),
        (RemoveMember(organization_id=made.id, user_id=ada.id), root),
    ):
        with pytest.raises(LastOwner):
            await app.send(message, as_=actor.tokens)
    second = await joined(app, ada, made.id, "second", "owner")
    await app.send(LeaveOrganization(organization_id=made.id), as_=ada.tokens)
    with pytest.raises(LastOwner):
        await app.send(LeaveOrganization(organization_id=made.id), as_=second.tokens)


async def test_a4_only_superusers_take_a_superuser_off_the_platform_and_not_the_last(app: App) -> None:
    root, second = await superuser(app), await superuser(app, "second")
    for each in (root, second):
        await app.send(AddMember(organization_id=PLATFORM, user_id=each.id, role="auditor"), as_=root.tokens)
    admin = await joined(app, root, PLATFORM, "admin", "admin")

    with pytest.raises(NotHeld):
        await app.send(RemoveMember(organization_id=PLATFORM, user_id=root.id), as_=admin.tokens)
    await app.send(RemoveMember(organization_id=PLATFORM, user_id=second.id), as_=root.tokens)
    with pytest.raises(LastOwner):
        await app.send(LeaveOrganization(organization_id=PLATFORM), as_=root.tokens)


async def test_everybody_may_leave_and_strangers_learn_nothing_from_it(app: App) -> None:
    ada, stranger = await someone(app), await someone(app, "stranger")
    made = await founded(app, ada)
    eve = await joined(app, ada, made.id)

    await app.send(LeaveOrganization(organization_id=made.id), as_=eve.tokens)

    assert announced(app)[-1] == "organizations.member.removed"
    for each, organization_id in ((eve, made.id), (stranger, made.id), (stranger, OrganizationId(uuid7()))):
        with pytest.raises(OrganizationNotFound):
            await app.send(LeaveOrganization(organization_id=organization_id), as_=each.tokens)


async def test_an_owner_hands_over_and_stays_a_member(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    eve = await joined(app, ada, made.id)

    await app.send(TransferOwnership(organization_id=made.id, user_id=eve.id), as_=ada.tokens)

    assert announced(app)[-1] == "organizations.ownership.transferred"
    assert (await app.send(GetOrganization(organization_id=made.id), as_=ada.tokens)).version == 2
    with pytest.raises(Forbidden):
        await app.send(TransferOwnership(organization_id=made.id, user_id=ada.id), as_=ada.tokens)
    await app.send(RemoveMember(organization_id=made.id, user_id=ada.id), as_=eve.tokens)


async def test_a4_nobody_hands_over_what_is_not_theirs(app: App) -> None:
    ada, root = await someone(app), await superuser(app)
    made = await founded(app, ada)
    second = await joined(app, ada, made.id, "second", "owner")
    admin = await joined(app, ada, made.id, "admin", "admin")

    for actor, user_id, refusal in (
        (admin, admin.id, Forbidden),
        (root, admin.id, NotHeld),
        (ada, ada.id, AlreadyOwner),
        (ada, second.id, AlreadyOwner),
    ):
        with pytest.raises(refusal):
            await app.send(TransferOwnership(organization_id=made.id, user_id=user_id), as_=actor.tokens)
    with pytest.raises(PlatformFixed):
        await app.send(TransferOwnership(organization_id=PLATFORM, user_id=ada.id), as_=root.tokens)


async def test_verifiers_are_told_who_is_no_member_any_more(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    eve, bob = await joined(app, ada, made.id), await joined(app, ada, made.id, "bob")

    await app.send(RemoveMember(organization_id=made.id, user_id=eve.id), as_=ada.tokens)
    await app.send(LeaveOrganization(organization_id=made.id), as_=bob.tokens)

    told = [each for fact in app.facts if fact.type == "organizations.member.removed" for each in fact.revokes or ()]
    now = app.clock.now().timestamp()
    assert told == [{"scope": "member", "id": f"{made.id}/{person.id}", "cutoff": now} for person in (eve, bob)]


async def test_verifiers_are_told_which_organization_is_gone(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    await app.send(DeleteOrganization(organization_id=made.id), as_=ada.tokens)
    told = app.facts[-1].revokes
    later = app.clock.now().timestamp() + 900
    assert told == [{"scope": "organization", "id": str(made.id), "cutoff": later}]
