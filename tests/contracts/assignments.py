"""What every `Assignments` promises."""

import pytest

from domain.access.errors import LastOwner, RoleNotFound
from domain.access.facade import Place
from domain.access.models import OWNER, SUPERUSER
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, RoleId, uuid7
from tests.contracts.access import HOUR, NOW, Ground, account, granted, holds, member, role, superuser, team, user


class AssignmentsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_finds_roles_by_name_own_ones_first(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        own = await role(ground, ours, "notes:read", name="auditor")

        async with ground.transaction() as ports:
            assert await ports.assignments.role(ours, "auditor") == own
            assert await ports.assignments.role(theirs, "auditor") != own
            assert await ports.assignments.role(ours, "owner") == OWNER
            with pytest.raises(RoleNotFound):
                await ports.assignments.role(ours, "nobody")

    async def test_a4_superusers_are_the_platforms_and_owners_are_not(self, ground: Ground) -> None:
        ours = await ground.organization()

        async with ground.transaction() as ports:
            assert await ports.assignments.role(PLATFORM, "superuser") == SUPERUSER
            for organization_id, name in ((ours, "superuser"), (PLATFORM, "owner")):
                with pytest.raises(RoleNotFound):
                    await ports.assignments.role(organization_id, name)
            with pytest.raises(RoleNotFound):
                await ports.assignments.assign(Place(ours), user(uuid7()), SUPERUSER, None)

    async def test_assigns_once(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, auditor = await member(ground, ours), await role(ground, ours, "notes:read")
        for _ in range(2):
            async with ground.transaction() as ports:
                await ports.assignments.assign(Place(ours), user(ada), auditor, None)

        async with ground.transaction() as ports:
            (grant,) = await ports.grants.of(ours, user(ada))
        assert (grant.role_id, grant.version) == (auditor, 1)
        assert await holds(ground, ada, Place(ours), "notes:read")

    async def test_makes_certain_and_endless_what_was_not(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        for more in (
            {"condition": {"subject.email_verified": {"eq": True}}},
            {"expires_at": NOW + HOUR},
        ):
            before = await granted(ground, ours, user(ada), reader, **more)
            async with ground.transaction() as ports:
                await ports.assignments.assign(Place(ours), user(ada), reader, None)
            async with ground.transaction() as ports:
                (after,) = await ports.grants.of(ours, user(ada))
                assert (after.condition, after.expires_at) == (None, None)
                assert after.id != before.id
                await ports.assignments.withdraw(Place(ours), user(ada), reader)

    async def test_widens_a_grant_but_never_narrows_it(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        (note,) = await ground.resource(ours, "note")
        for below in (False, True, False):
            async with ground.transaction() as ports:
                await ports.assignments.assign(Place(ours, note, below), user(ada), reader, None)

        async with ground.transaction() as ports:
            (grant,) = await ports.grants.of(ours, user(ada))
        assert grant.place == Place(ours, note, below=True)

    async def test_a2_refuses_roles_of_another_organization(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        foreign = await role(ground, theirs, "notes:read")

        for role_id in (foreign, RoleId(uuid7())):
            async with ground.transaction() as ports:
                with pytest.raises(RoleNotFound):
                    await ports.assignments.assign(Place(ours), user(await member(ground, ours)), role_id, None)

    async def test_withdraws_what_there_is(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        await granted(ground, ours, user(ada), reader)
        for _ in range(2):
            async with ground.transaction() as ports:
                await ports.assignments.withdraw(Place(ours), user(ada), reader)

        async with ground.transaction() as ports:
            assert not await ports.grants.of(ours, user(ada))

    async def test_withdraws_everything_in_one_organization(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada = await member(ground, ours)
        await ground.member(theirs, ada)
        (note,) = await ground.resource(ours, "note")
        await granted(ground, ours, user(ada), await role(ground, ours, "notes:read"), on=note)
        await granted(ground, ours, user(ada), await role(ground, ours, "notes:read"), effect="deny")
        await granted(ground, theirs, user(ada), await role(ground, theirs, "notes:read"))

        async with ground.transaction() as ports:
            await ports.assignments.withdraw_everything(ours, user(ada))

        async with ground.transaction() as ports:
            assert not await ports.grants.of(ours, user(ada))
            assert len(await ports.grants.of(theirs, user(ada))) == 1

    async def test_a4_the_last_active_owner_stays(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, bob, eve = [await member(ground, ours) for _ in range(3)]
        for each in (ada, bob, eve):
            async with ground.transaction() as ports:
                await ports.assignments.assign(Place(ours), user(each), OWNER, None)
        await ground.deactivate(bob)

        async with ground.transaction() as ports:
            assert {*await ports.assignments.owners(ours)} == {ada, bob, eve}
            await ports.assignments.withdraw(Place(ours), user(eve), OWNER)
        with pytest.raises(LastOwner):
            async with ground.transaction() as ports:
                await ports.assignments.withdraw(Place(ours), user(ada), OWNER)
        with pytest.raises(LastOwner):
            async with ground.transaction() as ports:
                await ports.assignments.withdraw_everything(ours, user(ada))
        async with ground.transaction() as ports:
            assert {*await ports.assignments.owners(ours)} == {ada, bob}

    async def test_a4_the_last_superuser_stays(self, ground: Ground) -> None:
        one, two = await superuser(ground), await superuser(ground)

        async with ground.transaction() as ports:
            assert {*await ports.assignments.owners(PLATFORM)} == {one, two}
            await ports.assignments.withdraw(Place(PLATFORM), user(one), SUPERUSER)
        with pytest.raises(LastOwner):
            async with ground.transaction() as ports:
                await ports.assignments.withdraw_everything(PLATFORM, user(two))

    async def test_owners_are_people_and_own_everything(self, ground: Ground) -> None:
        ours = await ground.organization()
        (note,) = await ground.resource(ours, "note")
        path = await ground.team(ours)
        robot = await account(ground, ours)

        for place, subject in (
            (Place(ours, note), user(await member(ground, ours))),
            (Place(ours), team(path)),
            (Place(ours), robot.subject),
        ):
            async with ground.transaction() as ports:
                with pytest.raises(RoleNotFound):
                    await ports.assignments.assign(place, subject, OWNER, None)

    async def test_knows_no_owners_of_what_does_not_exist(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            with pytest.raises(OrganizationNotFound):
                await ports.assignments.owners(OrganizationId(uuid7()))

    async def test_holds_what_exists_only(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            await ports.assignments.hold(await ground.organization())
            await ports.assignments.hold(PLATFORM)
            with pytest.raises(OrganizationNotFound):
                await ports.assignments.hold(OrganizationId(uuid7()))
