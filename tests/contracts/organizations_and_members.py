"""What every `Organizations`, `Memberships`, `OrganizationReader`, `MemberReader` and `InvitationLists` promises."""

from datetime import timedelta

import pytest

from domain.identity.models import EmailAddress, User
from domain.kernel.access import Eyes
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, UserId, uuid7
from domain.organizations.describing import organization_info
from domain.organizations.errors import AlreadyMember, MemberNotFound, SlugTaken
from domain.organizations.readers import Place
from domain.organizations.schemas import InvitationInfo, Member
from tests.contracts.organizations import (
    ADMIN,
    ANYBODY,
    NOW,
    Ground,
    change,
    founded,
    invitation,
    invite,
    membership,
    organization,
    person,
    same,
)


class OrganizationsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        made = await founded(ground)

        async with ground.transaction() as ports:
            same(await ports.organizations.get(made.id), made)
        assert await ground.organizations.find(made.id) == organization_info(made)

    async def test_finds_none_that_is_not_there(self, ground: Ground) -> None:
        nowhere = OrganizationId(uuid7())
        with pytest.raises(OrganizationNotFound):
            async with ground.transaction() as ports:
                await ports.organizations.get(nowhere)
        assert await ground.organizations.find(nowhere) is None

    async def test_the_platform_is_there_from_the_beginning(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            assert (await ports.organizations.get(PLATFORM)).slug == "platform"
        shown = await ground.organizations.find(PLATFORM)
        assert shown
        assert shown.slug == "platform"

    @pytest.mark.parametrize("slug", ["acme", "platform"])
    async def test_refuses_a_slug_in_use_and_goes_on(self, ground: Ground, slug: str) -> None:
        await founded(ground)
        other = organization("other")

        async with ground.transaction() as ports:
            await ports.organizations.add(other)
            with pytest.raises(SlugTaken):
                await ports.organizations.add(organization(slug))

        assert await ground.organizations.find(other.id)

    async def test_refuses_to_change_to_a_slug_in_use(self, ground: Ground) -> None:
        await founded(ground)
        other = await founded(ground, "other")

        with pytest.raises(SlugTaken):
            await change(ground, other, slug="acme")

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        made = await founded(ground)

        await change(ground, made, name="Acme & Sons")

        shown = await ground.organizations.find(made.id)
        assert shown
        assert (shown.name, shown.slug, shown.version) == ("Acme & Sons", "acme", 2)

    async def test_forgets_what_it_removed_with_all_that_was_in_it(self, ground: Ground) -> None:
        ada = await person(ground)
        made, other = await founded(ground, "acme", ada), await founded(ground, "other", ada)
        offered = await invite(ground, invitation(made, ada))

        async with ground.transaction() as ports:
            await ports.organizations.remove(await ports.organizations.get(made.id))

        assert await ground.organizations.find(made.id) is None
        assert await ground.members.find(made.id, ada.id, ANYBODY) is None
        assert await ground.invited.find([offered.token_hash]) is None
        assert await ground.members.find(other.id, ada.id, ANYBODY)
        await founded(ground, "acme")


class MembershipsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        ada = await person(ground, full_name="Ada", username="ada")
        made = await founded(ground, "acme", ada)

        async with ground.transaction() as ports:
            found = await ports.memberships.get(made.id, ada.id)
        assert (found.organization_id, found.user_id, found.created_at) == (made.id, ada.id, NOW)
        shown = await ground.members.find(made.id, ada.id, ANYBODY)
        assert shown == Member(ada.id, "Ada", "ada", "ada@example.com", NOW)

    async def test_refuses_who_is_one_already(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground, "acme", ada)

        with pytest.raises(AlreadyMember):
            async with ground.transaction() as ports:
                await ports.memberships.add(membership(made, ada))

    async def test_refuses_where_either_side_is_gone(self, ground: Ground) -> None:
        ada, nobody = await person(ground), User(email=EmailAddress("x@y.test"), created_at=NOW, updated_at=NOW)
        made = await founded(ground)

        for lost in (membership(organization("gone"), ada), membership(made, nobody)):
            with pytest.raises(OrganizationNotFound):
                async with ground.transaction() as ports:
                    await ports.memberships.add(lost)

    async def test_a2_finds_members_of_this_organization_alone(self, ground: Ground) -> None:
        ada = await person(ground)
        await founded(ground, "acme", ada)
        other = await founded(ground, "other")

        for organization_id, user_id in ((other.id, ada.id), (other.id, UserId(uuid7()))):
            with pytest.raises(MemberNotFound):
                async with ground.transaction() as ports:
                    await ports.memberships.get(organization_id, user_id)
            assert await ground.members.find(organization_id, user_id, ANYBODY) is None

    async def test_a13_forgets_whom_it_removed(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground, "acme", ada)

        async with ground.transaction() as ports:
            await ports.memberships.remove(await ports.memberships.get(made.id, ada.id))

        assert await ground.members.find(made.id, ada.id, ANYBODY) is None
        async with ground.transaction() as ports:
            await ports.memberships.add(membership(made, ada))

    async def test_a2_tells_who_of_many_are_members(self, ground: Ground) -> None:
        ada, bob, eve = [await person(ground, f"{name}@example.com") for name in ("ada", "bob", "eve")]
        made, other = await founded(ground, "acme", ada), await founded(ground, "other", eve)
        async with ground.transaction() as ports:
            await ports.memberships.add(membership(made, bob))

        asked = [ada.id, bob.id, eve.id, UserId(uuid7())]
        assert await ground.members.among(made.id, asked, ANYBODY) == {ada.id, bob.id}
        assert await ground.members.among(other.id, asked, ANYBODY) == {eve.id}
        assert await ground.members.among(made.id, [], ANYBODY) == set()


class OrganizationListsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_lists_those_of_a_person_or_all(self, ground: Ground) -> None:
        ada, eve = await person(ground), await person(ground, "eve@example.com")
        acme = await founded(ground, "acme", ada)
        other = await founded(ground, "other", eve, created_at=NOW + timedelta(seconds=1))

        assert [each.id for each in await ground.organizations.list(ada.id, None, 9)] == [acme.id]
        assert [each.id for each in await ground.organizations.list(None, None, 9)] == [other.id, acme.id, PLATFORM]
        assert await ground.organizations.list(UserId(uuid7()), None, 9) == []

    async def test_lists_the_newest_first_and_those_of_one_moment_in_one_order(self, ground: Ground) -> None:
        ada = await person(ground)
        moments = [NOW + timedelta(seconds=number // 2) for number in range(6)]
        made = [await founded(ground, f"a{n}", ada, created_at=at) for n, at in enumerate(moments)]
        expected = [each.id for each in sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)]

        for most in (1, 2, 4, 9):
            seen: list[OrganizationId] = []
            place = None
            while page := await ground.organizations.list(ada.id, place, most):
                assert len(page) <= most
                seen += [each.id for each in page]
                place = Place(page[-1].created_at, page[-1].id)
            assert seen == expected

    async def test_a2_lists_members_of_one_organization_in_pages(self, ground: Ground) -> None:
        people = [await person(ground, f"{number}@example.com") for number in range(5)]
        made = await founded(ground)
        await founded(ground, "other", people[0])
        async with ground.transaction() as ports:
            for number, user in enumerate(people):
                at = NOW + timedelta(seconds=number // 2)
                await ports.memberships.add(membership(made, user, created_at=at))
        expected = [4, *sorted((2, 3), key=lambda n: people[n].id, reverse=True)]
        expected += sorted((0, 1), key=lambda n: people[n].id, reverse=True)

        for most in (1, 2, 9):
            seen: list[UserId] = []
            place = None
            while page := await ground.members.list(made.id, ANYBODY, place, most):
                seen += [each.user_id for each in page]
                place = Place(page[-1].joined_at, page[-1].user_id)
            assert seen == [people[number].id for number in expected]

    async def test_a5_lists_invitations_that_can_be_accepted(self, ground: Ground) -> None:
        ada = await person(ground)
        made, other = await founded(ground), await founded(ground, "other")
        kept = [
            await invite(
                ground, invitation(made, ada, f"{number}@x.test", created_at=NOW + timedelta(seconds=number // 2))
            )
            for number in range(4)
        ]
        await invite(ground, invitation(made, ada, "late@x.test", expires_at=NOW))
        await invite(ground, invitation(other, ada, role_id=ADMIN))
        expected = [each.id for each in sorted(kept, key=lambda each: (each.created_at, each.id), reverse=True)]

        for most in (1, 3, 9):
            seen: list[InvitationInfo] = []
            place = None
            while page := await ground.invitations.list(made.id, ANYBODY, NOW, place, most):
                seen += page
                place = Place(page[-1].created_at, page[-1].id)
            assert [each.id for each in seen] == expected
        assert {(each.role, each.invited_by, each.version) for each in seen} == {("member", ada.id, 1)}
        (elsewhere,) = await ground.invitations.list(other.id, ANYBODY, NOW, None, 9)
        assert (elsewhere.role, elsewhere.email) == ("admin", "eve@example.com")

    async def test_a_wall_hides_people_but_from_themselves(self, ground: Ground) -> None:
        ada, bob, eve = [await person(ground, f"{name}@example.com") for name in ("ada", "bob", "eve")]
        made, other = await founded(ground, "acme", ada, bob, eve), await founded(ground, "other", ada, eve)
        offers = [await invite(ground, invitation(each, ada)) for each in (made, other)]
        await ground.hide(made.id, ada.id, bob.id)

        for looking, bypass, sees in ((ada, False, True), (bob, False, True), (eve, True, True), (eve, False, False)):
            eyes = Eyes(looking.id, bypass)
            assert (await ground.members.find(made.id, ada.id, eyes) is not None) is sees
            for most in (1, 2, 9):
                found: list[UserId] = []
                place = None
                while page := await ground.members.list(made.id, eyes, place, most):
                    found += [each.user_id for each in page]
                    place = Place(page[-1].joined_at, page[-1].user_id)
                assert {*found} == {bob.id, eve.id, *([ada.id] if sees else [])}
                assert len(found) == len({*found}), "full pages"
            (shown,) = await ground.invitations.list(made.id, eyes, NOW, None, 9)
            assert (shown.id, shown.invited_by) == (offers[0].id, ada.id if sees else None)
        # What hides somebody in one organization hides them in no other.
        assert await ground.members.find(other.id, ada.id, Eyes(eve.id, bypass=False))
        (shown,) = await ground.invitations.list(other.id, Eyes(eve.id, bypass=False), NOW, None, 9)
        assert shown.invited_by == ada.id
