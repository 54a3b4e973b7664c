"""Roles and grants, when two things happen at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import replace

import pytest

from domain.access.editing import Editing
from domain.access.errors import GrantExists, LastOwner, RoleInvalid, SubjectNotFound
from domain.access.facade import Place
from domain.access.judging import Judging
from domain.access.looking import Looking
from domain.access.models import OWNER, SUPERUSER
from domain.identity.commands.delete_service_account import DeleteServiceAccount, DeleteServiceAccountInteractor
from domain.identity.commands.reactivate_service_account import (
    ReactivateServiceAccount,
    ReactivateServiceAccountInteractor,
)
from domain.identity.service_accounts.models import ServiceAccount
from domain.kernel.ids import PLATFORM, OrganizationId, RoleId, UserId
from tests.contracts.access import a_grant, account, actor, granted, member, role, superuser, user
from tests.integration.access.ground import SqlGround
from tests.support.databases import patient

ROUNDS = 6


async def outcomes(*works: Awaitable[object]) -> Counter[str]:
    """Run everything at once; return how often each kind of end was met."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    return Counter(type(each).__name__ if isinstance(each, BaseException) else "done" for each in ended)


@pytest.fixture
async def other(ground: SqlGround, access_url: str) -> AsyncIterator[SqlGround]:
    """Yield the same tables as another process sees them."""
    database = patient(access_url, 8)
    await database.open()
    yield SqlGround(database, ground.clock)
    await database.close()


async def owners(ground: SqlGround, organization_id: OrganizationId) -> Sequence[UserId]:
    async with ground.transaction() as ports:
        return list(await ports.grants.keepers(organization_id))


async def test_a4_owners_who_remove_each_other_leave_one(ground: SqlGround, other: SqlGround) -> None:
    async def remove(where: SqlGround, place: Place, user_id: UserId, role_id: RoleId, *, everything: bool) -> None:
        async with where.transaction() as ports:
            if everything:
                await ports.assignments.withdraw_everything(place.organization_id, user(user_id))
            else:
                await ports.assignments.withdraw(place, user(user_id), role_id)

    for number in range(ROUNDS):
        ours = await ground.organization()
        people = [await member(ground, ours) for _ in range(2)]
        for each in people:
            await granted(ground, ours, user(each), OWNER)
        ended = await outcomes(
            *(
                remove(where, Place(ours), each, OWNER, everything=bool((number + turn) % 2))
                for turn, (where, each) in enumerate(zip((ground, other), people, strict=True))
            )
        )
        assert ended == {"done": 1, LastOwner.__name__: 1}
        assert len(await owners(ground, ours)) == 1


async def test_a4_superusers_who_remove_each_other_leave_one(ground: SqlGround, other: SqlGround) -> None:
    async def remove(where: SqlGround, user_id: UserId) -> None:
        async with where.transaction() as ports:
            await ports.assignments.withdraw(Place(PLATFORM), user(user_id), SUPERUSER)

    one, two = await superuser(ground), await superuser(ground)

    assert await outcomes(remove(ground, one), remove(other, two)) == {"done": 1, LastOwner.__name__: 1}


async def test_edits_that_make_a_circle_together_are_not_both_done(ground: SqlGround, other: SqlGround) -> None:
    root = await superuser(ground)

    async def link(where: SqlGround, organization_id: OrganizationId, role_id: RoleId, to: RoleId) -> None:
        async with where.transaction() as ports:
            await ports.roles.lock(organization_id)
            before = await ports.roles.get(organization_id, role_id)
            after = replace(before, inherits=frozenset({to}), version=before.version + 1)
            walls = Looking(ports.hiding, ports.authority)
            await Editing(ports.roles, ports.grants, ports.authority, walls).judge(actor(root), before, after)
            await ports.roles.keep(after)

    for _ in range(ROUNDS):
        ours = await ground.organization()
        one, two, three = [await role(ground, ours) for _ in range(3)]
        ended = await outcomes(
            link(ground, ours, one, two), link(other, ours, two, three), link(ground, ours, three, one)
        )
        assert ended == {"done": 2, RoleInvalid.__name__: 1}


async def test_a13_nobody_is_granted_anything_who_leaves_at_that_moment(ground: SqlGround, other: SqlGround) -> None:
    ours = await ground.organization()
    root = await superuser(ground)
    reader = await role(ground, ours)

    async def grant(user_id: UserId) -> None:
        async with ground.transaction() as ports:
            made = a_grant(ours, user(user_id), reader)
            walls = Looking(ports.hiding, ports.authority)
            judging = Judging(
                ports.roles, ports.grants, ports.grantees, ports.places, ports.authority, walls, ground.clock
            )
            await judging.judge(actor(root), made)
            await ports.grants.add(made)

    for _ in range(ROUNDS):
        ada = await member(ground, ours)
        ended = await outcomes(
            grant(ada),
            other.run("DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2", ada, ours),
        )
        assert ended in ({"done": 2}, {"done": 1, SubjectNotFound.__name__: 1})
        assert await ground.value("SELECT count(*) FROM grants WHERE subject_id = $1", ada) == 0


async def test_of_many_equal_grants_one_is_made(ground: SqlGround, other: SqlGround) -> None:
    ours = await ground.organization()
    ada, reader = await member(ground, ours), await role(ground, ours)

    async def grant(where: SqlGround) -> None:
        async with where.transaction() as ports:
            await ports.grants.add(a_grant(ours, user(ada), reader))

    ended = await outcomes(*(grant(where) for where in (ground, other) * 3))

    assert ended == {"done": 1, GrantExists.__name__: 5}


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize("kind", [DeleteServiceAccount, ReactivateServiceAccount])
async def test_whoever_imports_and_whoever_ends_or_revives_an_account_do_not_wait_in_a_circle(
    ground: SqlGround, other: SqlGround, kind: type[DeleteServiceAccount | ReactivateServiceAccount]
) -> None:
    ours, root = await ground.organization(), await superuser(ground)
    robot, reader = await account(ground, ours, is_active=False), await role(ground, ours)
    await granted(ground, ours, robot.subject, reader)

    async def change() -> None:
        request = kind(organization_id=ours, service_account_id=robot.id)
        async with other.transaction() as ports:
            work, clock = ports.work, other.clock
            if isinstance(request, DeleteServiceAccount):
                await DeleteServiceAccountInteractor(ports.accounts, ports.assignments, work, clock)(request)
            else:
                revive = ReactivateServiceAccountInteractor(
                    ports.accounts, ports.assignments, ports.authority, work, clock
                )
                await revive(request, actor(root))

    async with asyncio.TaskGroup() as group, ground.transaction() as ports:
        # As an import does that finds one grant, and makes another.
        await ports.roles.lock(ours)
        assert await ports.grants.find(Place(ours), robot.subject, reader, "allow")
        changing = group.create_task(change())
        async with asyncio.timeout(30):
            while not await ground.value(WAITING):  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.02)
        assert not changing.done()
        assert await ports.grantees.includes(ours, robot.subject)
    left = await ground.value("SELECT count(*) FROM grants WHERE subject_id = $1", robot.id)
    assert left == (0 if kind is DeleteServiceAccount else 1)


async def test_a13_nothing_is_granted_to_an_account_that_is_deleted_at_that_moment(
    ground: SqlGround, other: SqlGround
) -> None:
    ours = await ground.organization()
    reader = await role(ground, ours)

    async def grant(robot: ServiceAccount) -> None:
        async with ground.transaction() as ports:
            if not await ports.grantees.includes(ours, robot.subject):
                raise SubjectNotFound
            await ports.grants.add(a_grant(ours, robot.subject, reader))

    for _ in range(ROUNDS):
        robot = await account(ground, ours)
        ended = await outcomes(grant(robot), other.run("DELETE FROM service_accounts WHERE id = $1", robot.id))
        assert ended in ({"done": 2}, {"done": 1, SubjectNotFound.__name__: 1})
        assert await ground.value("SELECT count(*) FROM grants WHERE subject_id = $1", robot.id) == 0
