"""Sharing resources."""

from datetime import timedelta

import pytest

from domain.access.errors import GrantNotFound, NotHeld, RoleNotFound
from domain.access.facade import Place, Subject
from domain.access.models import Grant, Role
from domain.kernel.ids import GrantId, ResourceId, uuid7
from domain.kernel.tokens import Tokens
from domain.resources.commands.share_resource import ShareResource
from domain.resources.commands.unshare_resource import UnshareResource
from domain.resources.errors import ExpiryInvalid, ResourceNotFound, SubjectNotFound
from domain.resources.schemas import ResourceInfo, Share, ShareSubject
from tests.support.app import App
from tests.support.memory.tables import GRANTS, ROLES
from tests.unit.resources.conftest import World


def role(world: World, name: str, *permissions: str) -> Role:
    """Return a new role of the organization."""
    now = world.app.clock.now()
    made = Role(
        organization_id=world.organization_id,
        name=name,
        permissions=frozenset(permissions),
        created_at=now,
        updated_at=now,
        version=1,
    )
    world.app.memory.table(ROLES)[made.id] = made
    return made


async def holder(world: World, *permissions: str) -> Tokens:
    """Return somebody who holds the permissions in the organization."""
    user = await world.app.signed_up()
    made = Grant(
        place=Place(world.organization_id),
        subject=Subject("user", user.id),
        role_id=role(world, "holder", *permissions).id,
        created_at=world.app.clock.now(),
    )
    world.app.memory.table(GRANTS)[made.id] = made
    return await world.app.signed_in()


def share(
    world: World, made: ResourceInfo, subject: ShareSubject, name: str = "reader", **more: object
) -> ShareResource:
    return ShareResource(
        organization_id=world.organization_id,
        resource_id=made.id,
        subject=subject,
        role=name,
        **more,  # type: ignore[arg-type]  # as the message says
    )


def unshare(world: World, resource_id: ResourceId, grant_id: GrantId) -> UnshareResource:
    return UnshareResource(organization_id=world.organization_id, resource_id=resource_id, grant_id=grant_id)


def kept(app: App, shared: Share) -> Grant:
    found: Grant = app.memory.table(GRANTS)[shared.id]
    return found


async def test_shares_with_people_and_teams_until_it_ends(world: World) -> None:
    made = await world.put("1")
    role(world, "reader", "documents:read")
    end = world.app.clock.now() + timedelta(days=1)

    one = await world.send(share(world, made, ShareSubject("user", world.member()), below=True, expires_at=end))
    two = await world.send(share(world, made, ShareSubject("team", world.team())))

    assert kept(world.app, one).place == Place(world.organization_id, made.id, below=True)
    assert (kept(world.app, one).expires_at, kept(world.app, two).expires_at) == (end, None)
    await world.send(unshare(world, made.id, one.id))
    assert one.id not in world.app.memory.table(GRANTS)
    assert two.id in world.app.memory.table(GRANTS)


async def test_sharing_again_is_the_same_grant_or_one_with_another_end(world: World) -> None:
    made, subject = await world.put("1"), ShareSubject("user", world.member())
    role(world, "reader", "documents:read")
    end = world.app.clock.now() + timedelta(days=1)

    first, again = [await world.send(share(world, made, subject)) for _ in range(2)]
    other = await world.send(share(world, made, subject, expires_at=end))

    assert (first.id, kept(world.app, other).expires_at) == (again.id, end)
    assert first.id not in world.app.memory.table(GRANTS)
    with pytest.raises(ExpiryInvalid):
        await world.send(share(world, made, subject, expires_at=world.app.clock.now()))


async def test_a2_neither_subjects_nor_resources_nor_grants_of_others_can_be_named(world: World) -> None:
    role(world, "reader", "documents:read")
    made, second = await world.put("1"), await world.put("2")
    theirs = await world.put("theirs", organization_id=world.other_id)
    shared = await world.send(share(world, made, ShareSubject("user", world.member())))
    before = len(world.app.facts)

    for subject in (
        ShareSubject("user", world.member(world.other_id)),
        ShareSubject("team", world.team(world.other_id)),
        ShareSubject("user", uuid7()),
    ):
        with pytest.raises(SubjectNotFound):
            await world.send(share(world, made, subject))
    with pytest.raises(ResourceNotFound):
        await world.send(share(world, theirs, ShareSubject("user", world.member())))
    with pytest.raises(RoleNotFound):
        await world.send(share(world, made, ShareSubject("user", world.member()), "nothing"))
    with pytest.raises(ResourceNotFound):
        await world.send(unshare(world, theirs.id, shared.id))
    for resource_id, grant_id in ((second.id, shared.id), (made.id, GrantId(uuid7()))):
        with pytest.raises(GrantNotFound):
            await world.send(unshare(world, resource_id, grant_id))

    assert len(world.app.facts) == before


async def test_nobody_shares_what_they_do_not_hold(world: World) -> None:
    made, subject = await world.put("1"), ShareSubject("user", world.member())
    role(world, "reader", "documents:read")
    role(world, "sharer", "resources:share")
    tokens = await holder(world, "resources:share")
    theirs = await world.send(share(world, made, subject))

    with pytest.raises(NotHeld):
        await world.send(share(world, made, subject), tokens)
    with pytest.raises(NotHeld):
        await world.send(unshare(world, made.id, theirs.id), tokens)
    assert await world.send(share(world, made, subject, "sharer"), tokens)
