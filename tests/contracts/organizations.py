"""What every keeper and reader of organizations, members and invitations promises."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest

from core.pipeline import UnitOfWork
from domain.identity.models import EmailAddress, User
from domain.identity.repositories import Users
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound
from domain.kernel.ids import PLATFORM, InvitationId, OrganizationId, RoleId, UserId, uuid7
from domain.organizations.describing import organization_info
from domain.organizations.errors import AlreadyMember, InvitationNotFound, MemberNotFound, SlugTaken
from domain.organizations.models import Invitation, Membership, Organization
from domain.organizations.ports import InvitationReader, Invited
from domain.organizations.readers import InvitationLists, MemberReader, OrganizationReader, Place
from domain.organizations.repositories import Invitations, Memberships, Organizations
from domain.organizations.schemas import InvitationInfo, Member

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
ADMIN = RoleId(UUID("00000000-0000-7000-8000-000000000004"))
MEMBER = RoleId(UUID("00000000-0000-7000-8000-000000000005"))


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    work: UnitOfWork
    users: Users
    organizations: Organizations
    memberships: Memberships
    invitations: Invitations


class Ground(Protocol):
    """Makes transactions, and reads what they committed. Holds the platform alone at first, and nobody."""

    @property
    def organizations(self) -> OrganizationReader: ...

    @property
    def members(self) -> MemberReader: ...

    @property
    def invited(self) -> InvitationReader: ...

    @property
    def invitations(self) -> InvitationLists: ...

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""


def organization(slug: str = "acme", **more: Any) -> Organization:
    known: dict[str, Any] = {"name": "Acme", "slug": slug, "created_at": NOW, "updated_at": NOW, "version": 1}
    return Organization(**known | more)


def membership(of: Organization, user: User, **more: Any) -> Membership:
    known: dict[str, Any] = {"organization_id": of.id, "user_id": user.id, "created_at": NOW, "version": 1}
    return Membership(**known | more)


def invitation(of: Organization, by: User, email: str = "eve@example.com", **more: Any) -> Invitation:
    known: dict[str, Any] = {
        "organization_id": of.id,
        "email": email,
        "role_id": MEMBER,
        "invited_by": by.id,
        "token_hash": uuid7().bytes,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "version": 1,
    }
    return Invitation(**known | more)


async def person(ground: Ground, email: str = "ada@example.com", **more: Any) -> User:
    user = User(email=EmailAddress(email), created_at=NOW, updated_at=NOW, version=1, **more)
    async with ground.transaction() as ports:
        await ports.users.add(user)
    return user


async def founded(ground: Ground, slug: str = "acme", *members: User, **more: Any) -> Organization:
    made = organization(slug, **more)
    async with ground.transaction() as ports:
        await ports.organizations.add(made)
        for user in members:
            await ports.memberships.add(membership(made, user))
    return made


async def invite(ground: Ground, made: Invitation) -> Invitation:
    async with ground.transaction() as ports:
        await ports.invitations.add(made)
    return made


async def change(ground: Ground, made: Organization, **more: str) -> None:
    """Change an organization, as a command does."""
    async with ground.transaction() as ports:
        found = await ports.organizations.get(made.id)
        for name, value in more.items():
            setattr(found, name, value)
        found.version += 1
        await ports.organizations.keep(found)


def same(one: object, other: Any) -> None:
    for each in fields(other):
        assert getattr(one, each.name) == getattr(other, each.name), each.name


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
        assert await ground.members.find(made.id, ada.id) is None
        assert await ground.invited.find([offered.token_hash]) is None
        assert await ground.members.find(other.id, ada.id)
        await founded(ground, "acme")


class MembershipsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        ada = await person(ground, full_name="Ada", username="ada")
        made = await founded(ground, "acme", ada)

        async with ground.transaction() as ports:
            found = await ports.memberships.get(made.id, ada.id)
        assert (found.organization_id, found.user_id, found.created_at) == (made.id, ada.id, NOW)
        shown = await ground.members.find(made.id, ada.id)
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
            assert await ground.members.find(organization_id, user_id) is None

    async def test_a13_forgets_whom_it_removed(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground, "acme", ada)

        async with ground.transaction() as ports:
            await ports.memberships.remove(await ports.memberships.get(made.id, ada.id))

        assert await ground.members.find(made.id, ada.id) is None
        async with ground.transaction() as ports:
            await ports.memberships.add(membership(made, ada))


class InvitationsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground)
        offered = await invite(ground, invitation(made, ada))

        async with ground.transaction() as ports:
            same(await ports.invitations.get(made.id, offered.id), offered)
            assert await ports.invitations.find(made.id, offered.email)
        found = await ground.invited.find([b"another", offered.token_hash])
        assert found == Invited(offered.id, made.id, offered.email, offered.expires_at)

    async def test_a5_finds_those_of_this_organization_alone(self, ground: Ground) -> None:
        ada = await person(ground)
        made, other = await founded(ground), await founded(ground, "other")
        offered = await invite(ground, invitation(made, ada))

        for organization_id, invitation_id in ((other.id, offered.id), (made.id, InvitationId(uuid7()))):
            with pytest.raises(InvitationNotFound):
                async with ground.transaction() as ports:
                    await ports.invitations.get(organization_id, invitation_id)
        async with ground.transaction() as ports:
            assert await ports.invitations.find(other.id, offered.email) is None
            assert await ports.invitations.find(made.id, "other@example.com") is None

    async def test_a5_finds_none_by_another_hash(self, ground: Ground) -> None:
        ada = await person(ground)
        offered = await invite(ground, invitation(await founded(ground), ada))

        for hashes in ([], [b""], [offered.token_hash[:-1]], [offered.token_hash + b"\0"]):
            assert await ground.invited.find(hashes) is None

    async def test_a5_finds_none_of_somebody_who_was_deactivated(self, ground: Ground) -> None:
        ada = await person(ground)
        offered = await invite(ground, invitation(await founded(ground), ada))

        async with ground.transaction() as ports:
            found = await ports.users.get(ada.id)
            found.is_active, found.version = False, 2
            await ports.users.keep(found)

        assert await ground.invited.find([offered.token_hash]) is None

    async def test_one_address_has_one(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground)
        await invite(ground, invitation(made, ada))

        with pytest.raises(ConcurrentChange):
            await invite(ground, invitation(made, ada))

    async def test_refuses_where_something_is_gone(self, ground: Ground) -> None:
        ada, nobody = await person(ground), User(email=EmailAddress("x@y.test"), created_at=NOW, updated_at=NOW)
        made = await founded(ground)

        for lost in (invitation(organization("gone"), ada), invitation(made, nobody)):
            with pytest.raises(OrganizationNotFound):
                await invite(ground, lost)

    async def test_a5_the_hash_before_finds_nothing_once_it_changed(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground)
        offered = await invite(ground, invitation(made, ada))

        async with ground.transaction() as ports:
            found = await ports.invitations.get(made.id, offered.id)
            before, found.token_hash, found.version = found.token_hash, b"new", 2
            await ports.invitations.keep(found)

        assert await ground.invited.find([before]) is None
        assert await ground.invited.find([b"new"])

    async def test_forgets_what_it_removed(self, ground: Ground) -> None:
        ada = await person(ground)
        made = await founded(ground)
        offered = await invite(ground, invitation(made, ada))

        async with ground.transaction() as ports:
            await ports.invitations.remove(await ports.invitations.get(made.id, offered.id))

        assert await ground.invited.find([offered.token_hash]) is None


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
            while page := await ground.members.list(made.id, place, most):
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
            while page := await ground.invitations.list(made.id, NOW, place, most):
                seen += page
                place = Place(page[-1].created_at, page[-1].id)
            assert [each.id for each in seen] == expected
        assert {(each.role, each.invited_by, each.version) for each in seen} == {("member", ada.id, 1)}
        (elsewhere,) = await ground.invitations.list(other.id, NOW, None, 9)
        assert (elsewhere.role, elsewhere.email) == ("admin", "eve@example.com")
