"""Founding, changing, listing and deleting organizations."""

import pytest

from domain.kernel.errors import (
    CursorInvalid,
    Forbidden,
    NameInvalid,
    OrganizationNotFound,
    PreconditionFailed,
)
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.update_organization import UpdateOrganization
from domain.organizations.errors import PlatformFixed, SlugInvalid, SlugTaken
from domain.organizations.queries.get_organization import GetOrganization
from domain.organizations.queries.list_members import ListMembers
from domain.organizations.queries.list_organizations import ListOrganizations
from tests.support.app import App
from tests.unit.organizations.people import announced, founded, joined, someone, superuser


async def test_whoever_creates_an_organization_is_its_first_member_and_owner(app: App) -> None:
    ada = await someone(app)

    made = await app.send(CreateOrganization(name="  Acme & So\u0301ns ", slug="acme-2"), as_=ada.tokens)

    assert (made.name, made.slug, made.version) == ("Acme & S\u00f3ns", "acme-2", 1)
    assert await app.send(GetOrganization(organization_id=made.id), as_=ada.tokens) == made
    members = await app.send(ListMembers(organization_id=made.id), as_=ada.tokens)
    assert [each.user_id for each in members.items] == [ada.id]
    assert announced(app, "access") == [
        "organizations.organization.created",
        "organizations.member.added",
        "access.grant.made",
    ]
    assert app.audited[-1] == ("organizations.organization.create", "done")
    await app.send(DeleteOrganization(organization_id=made.id), as_=ada.tokens)


@pytest.mark.parametrize("slug", ["aa", "a1", "a-b-c", "0a", "a" * 63])
async def test_takes_slugs_of_this_kind(app: App, slug: str) -> None:
    assert (await founded(app, await someone(app), slug)).slug == slug


@pytest.mark.parametrize(
    "slug", ["", "a", "a" * 64, "A1", "a_b", "-a", "a-", "a--b", "a.b", "\u00e4\u00e4", "ab\n", "a b", "*"]
)
async def test_a6_refuses_other_slugs(app: App, slug: str) -> None:
    with pytest.raises(SlugInvalid):
        await founded(app, await someone(app), slug)


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\nb", "a\x00", "Ada\u202egnp.exe"])
async def test_a6_refuses_names_that_hide_something(app: App, name: str) -> None:
    ada = await someone(app)

    with pytest.raises(NameInvalid):
        await app.send(CreateOrganization(name=name, slug="acme"), as_=ada.tokens)


@pytest.mark.parametrize("slug", ["acme", "platform"])
async def test_a9_refuses_a_slug_in_use(app: App, slug: str) -> None:
    await founded(app, await someone(app))

    with pytest.raises(SlugTaken):
        await founded(app, await someone(app, "eve"), slug)


async def test_changes_what_is_sent_and_announces_it_once(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)

    changed = await app.send(UpdateOrganization(organization_id=made.id, name="Other"), as_=ada.tokens)
    again = await app.send(UpdateOrganization(organization_id=made.id, name="Other"), as_=ada.tokens)

    assert (changed.name, changed.slug, changed.version) == ("Other", "acme", 2)
    assert again == changed
    assert announced(app).count("organizations.organization.updated") == 1


async def test_changes_only_the_version_that_is_named(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    await app.send(UpdateOrganization(organization_id=made.id, slug="other", expected_version=1), as_=ada.tokens)

    for message in (
        UpdateOrganization(organization_id=made.id, slug="third", expected_version=1),
        DeleteOrganization(organization_id=made.id, expected_version=1),
    ):
        with pytest.raises(PreconditionFailed):
            await app.send(message, as_=ada.tokens)
    await app.send(DeleteOrganization(organization_id=made.id, expected_version=2), as_=ada.tokens)


async def test_refuses_to_change_to_a_slug_in_use(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    await founded(app, ada, "other")

    with pytest.raises(SlugTaken):
        await app.send(UpdateOrganization(organization_id=made.id, slug="other"), as_=ada.tokens)


async def test_the_platform_is_neither_renamed_nor_deleted(app: App) -> None:
    root = await superuser(app)

    with pytest.raises(PlatformFixed):
        await app.send(UpdateOrganization(organization_id=PLATFORM, name="Mine"), as_=root.tokens)
    with pytest.raises(PlatformFixed):
        await app.send(DeleteOrganization(organization_id=PLATFORM), as_=root.tokens)


async def test_a1_an_organization_of_others_looks_like_none(app: App) -> None:
    ada, eve = await someone(app), await someone(app, "eve")
    made = await founded(app, ada)

    for organization_id in (made.id, OrganizationId(uuid7())):
        for message in (
            GetOrganization(organization_id=organization_id),
            UpdateOrganization(organization_id=organization_id, name="Mine"),
            DeleteOrganization(organization_id=organization_id),
            ListMembers(organization_id=organization_id),
        ):
            with pytest.raises(OrganizationNotFound):
                await app.send(message, as_=eve.tokens)
    assert await app.send(GetOrganization(organization_id=made.id), as_=ada.tokens) == made


async def test_a1_a_member_may_look_and_an_admin_may_change_but_only_owners_delete(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)
    member = await joined(app, ada, made.id, "member")
    admin = await joined(app, ada, made.id, "admin", "admin")

    await app.send(GetOrganization(organization_id=made.id), as_=member.tokens)
    with pytest.raises(Forbidden):
        await app.send(UpdateOrganization(organization_id=made.id, name="Mine"), as_=member.tokens)
    await app.send(UpdateOrganization(organization_id=made.id, name="Ours"), as_=admin.tokens)
    for each in (member, admin):
        with pytest.raises(Forbidden):
            await app.send(DeleteOrganization(organization_id=made.id), as_=each.tokens)


async def test_what_is_deleted_is_gone_and_its_slug_free(app: App) -> None:
    ada = await someone(app)
    made = await founded(app, ada)

    await app.send(DeleteOrganization(organization_id=made.id), as_=ada.tokens)

    assert announced(app)[-1] == "organizations.organization.deleted"
    with pytest.raises(OrganizationNotFound):
        await app.send(GetOrganization(organization_id=made.id), as_=ada.tokens)
    assert (await app.send(ListOrganizations(), as_=ada.tokens)).items == []
    await founded(app, ada)


async def test_administrators_of_the_platform_meet_what_is_not_there(app: App) -> None:
    root, nowhere = await superuser(app), OrganizationId(uuid7())

    for message in (
        GetOrganization(organization_id=nowhere),
        UpdateOrganization(organization_id=nowhere, name="Mine"),
        DeleteOrganization(organization_id=nowhere),
        ListMembers(organization_id=nowhere),
    ):
        with pytest.raises(OrganizationNotFound):
            await app.send(message, as_=root.tokens)


async def test_lists_ones_own_in_pages_and_administrators_see_all(app: App) -> None:
    ada, eve, root = await someone(app), await someone(app, "eve"), await superuser(app)
    mine = {(await founded(app, ada, f"ada-{number}")).id for number in range(3)}
    other = await founded(app, eve)

    first = await app.send(ListOrganizations(limit=2), as_=ada.tokens)
    rest = await app.send(ListOrganizations(limit=2, cursor=first.next), as_=ada.tokens)

    assert {each.id for each in (*first.items, *rest.items)} == mine
    assert (len(first.items), rest.next) == (2, None)
    everything = await app.send(ListOrganizations(), as_=root.tokens)
    assert {each.id for each in everything.items} == {PLATFORM, other.id, *mine}
    with pytest.raises(CursorInvalid):
        await app.send(ListOrganizations(cursor=first.next), as_=eve.tokens)
