"""What every `Invitations` and `InvitationReader` promises."""

import pytest

from domain.identity.models import EmailAddress, User
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound
from domain.kernel.ids import InvitationId, uuid7
from domain.organizations.errors import InvitationNotFound
from domain.organizations.ports import Invited
from tests.contracts.organizations import (
    NOW,
    Ground,
    founded,
    invitation,
    invite,
    organization,
    person,
    same,
)


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
        assert found == Invited(offered.id, made.id, offered.email, offered.expires_at, made.name, registered=False)
        theirs = await invite(ground, invitation(await founded(ground, "other"), ada, email=ada.email))
        known = await ground.invited.find([theirs.token_hash])
        assert known
        assert known.registered

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

    async def test_finds_those_to_an_address_in_every_organization(self, ground: Ground) -> None:
        ada = await person(ground)
        made, other = await founded(ground), await founded(ground, "other")
        wanted = [await invite(ground, invitation(each, ada, email="ada@example.net")) for each in (made, other)]
        await invite(ground, invitation(made, ada))

        async with ground.transaction() as ports:
            found = await ports.invitations.to(["ada@example.net", "nobody@example.net"])
            assert {each.id for each in found} == {each.id for each in wanted}
            assert not await ports.invitations.to([])

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
