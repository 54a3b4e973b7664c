"""What every `ServiceAccounts` and `ServiceAccountLists` promises."""

from dataclasses import fields
from datetime import timedelta

import pytest

from domain.identity.service_accounts.errors import ServiceAccountNameTaken, ServiceAccountNotFound
from domain.identity.service_accounts.models import ServiceAccount
from domain.identity.service_accounts.readers import ServiceAccountPlace
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ServiceAccountId, uuid7
from tests.contracts.access import NOW, Ground, account, an_account, granted, role


class ServiceAccountsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        made = await account(ground, await ground.organization(), "Robot", description="Sweeps \u0141", is_active=False)

        async with ground.transaction() as ports:
            found = await ports.accounts.get(made.organization_id, made.id)
        for each in fields(ServiceAccount):
            assert getattr(found, each.name) == getattr(made, each.name), each.name
        assert await ground.account_lists.find(made.organization_id, made.id) == made.info

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        made = await account(ground, await ground.organization())

        async with ground.transaction() as ports:
            found = await ports.accounts.get(made.organization_id, made.id)
            found.name, found.description, found.is_active, found.version = "Other", "Another", False, 2
            await ports.accounts.keep(found)

        shown = await ground.account_lists.find(made.organization_id, made.id)
        assert shown
        assert (shown.name, shown.description, shown.is_active, shown.version) == ("Other", "Another", False, 2)

    async def test_a2_finds_an_account_in_its_own_organization_alone(self, ground: Ground) -> None:
        made, theirs = await account(ground, await ground.organization()), await ground.organization()

        for organization_id, account_id in (
            (theirs, made.id),
            (made.organization_id, ServiceAccountId(uuid7())),
        ):
            async with ground.transaction() as ports:
                with pytest.raises(ServiceAccountNotFound):
                    await ports.accounts.get(organization_id, account_id)
            assert await ground.account_lists.find(organization_id, account_id) is None

    async def test_names_are_taken_within_an_organization(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        await account(ground, ours, "Robot")
        await account(ground, theirs, "Robot")
        other = await account(ground, ours, "Other")

        with pytest.raises(ServiceAccountNameTaken):
            await account(ground, ours, "Robot")
        async with ground.transaction() as ports:
            found = await ports.accounts.get(ours, other.id)
            found.name = "Robot"
            with pytest.raises(ServiceAccountNameTaken):
                await ports.accounts.keep(found)
            await ports.work.rollback()

    async def test_belongs_to_an_organization_that_there_is(self, ground: Ground) -> None:
        with pytest.raises(OrganizationNotFound):
            async with ground.transaction() as ports:
                await ports.accounts.add(an_account(OrganizationId(uuid7())))

    async def test_a_removed_account_leaves_nothing_that_was_granted_to_it(self, ground: Ground) -> None:
        ours = await ground.organization()
        gone, kept = await account(ground, ours, "Gone"), await account(ground, ours, "Kept")
        reader = await role(ground, ours, "a:r")
        for each in (gone, kept):
            await granted(ground, ours, each.subject, reader)

        async with ground.transaction() as ports:
            await ports.accounts.remove(await ports.accounts.get(ours, gone.id))

        async with ground.transaction() as ports:
            assert not await ports.grants.of(ours, gone.subject)
            assert len(await ports.grants.of(ours, kept.subject)) == 1
        assert await ground.account_lists.find(ours, gone.id) is None
        assert await account(ground, ours, "Gone")

    async def test_lists_the_newest_first_page_by_page(self, ground: Ground) -> None:
        ours = await ground.organization()
        made = [await account(ground, ours, created_at=NOW + timedelta(seconds=number // 2)) for number in range(5)]
        await account(ground, await ground.organization())
        order = sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)

        for most in (1, 2, 10):
            found: list[ServiceAccountId] = []
            place = None
            while page := await ground.account_lists.list(ours, place, most):
                found += [each.id for each in page]
                place = ServiceAccountPlace(page[-1].created_at, page[-1].id)
            assert found == [each.id for each in order]
