"""What every `Hiding`, `ResourceReader` and `Gate` promises about walls, and about resources one by one."""

from dataclasses import dataclass

import pytest

from domain.kernel.access import Access, Permission, member_of, needs
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId, uuid7
from domain.kernel.usecases import Query, message
from domain.resources.errors import ResourceNotFound
from domain.resources.models import ResourceKey
from domain.resources.readers import ResourceFilter
from domain.resources.schemas import ResourceName
from tests.contracts.access import Ground, actor, granted, member, role, team, user

WRITE = needs(Permission.RESOURCES_WRITE, within="organization_id", on="resource_id")
READ = needs(Permission.RESOURCES_READ, within="organization_id", on="resource_id")


@message
class Ask(Query[None]):
    organization_id: OrganizationId
    resource_id: ResourceId


class HidingContract:
    """Subclasses provide the fixture `ground`."""

    async def test_hides_from_all_but_its_groups_and_the_owner(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, bob, eve, owner = [await member(ground, ours) for _ in range(4)]
        upper = await ground.team(ours)
        await ground.team(ours, bob, within=upper)
        (open_one,) = await ground.resource(ours, "open")
        (walled,) = await ground.resource(ours, "walled", owner_id=owner)
        (below, _) = await ground.resource(ours, "below", (walled,), wall_id=walled)
        await ground.group(ours, [walled], [user(ada)])
        await ground.group(ours, [walled], [team(upper)])
        asked = {open_one, walled, below, ResourceId(uuid7())}

        async with ground.transaction() as ports:
            found = [{*await ports.hiding.resources(asked, each)} for each in (ada, bob, owner, eve)]
            assert found == [set(), set(), {below}, {walled, below}]
            assert not await ports.hiding.resources([], eve)

    async def test_hides_people_where_they_are_hidden_but_not_from_themselves(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada, eve, seen, hidden = [await member(ground, ours) for _ in range(4)]
        for each in (eve, hidden):
            await ground.member(theirs, each)
        await ground.group(ours, [], [user(ada)], people=[hidden])
        await ground.group(ours, [], [], people=[hidden])
        everyone = [ada, eve, seen, hidden, UserId(uuid7())]

        async with ground.transaction() as ports:
            found = [{*await ports.hiding.people(ours, everyone, each)} for each in (ada, eve, hidden)]
            assert found == [set(), {hidden}, set()]
            assert not await ports.hiding.people(theirs, everyone, eve)
            assert not await ports.hiding.people(ours, [seen], eve)


@dataclass
class Scene:
    """An open resource in one behind a wall, both of a hidden owner; `outsider` and `insider` may read everything."""

    ground: Ground
    ours: OrganizationId
    reads: RoleId
    outsider: UserId
    insider: UserId
    owner: UserId
    hidden: ResourceId
    shown: ResourceId

    @classmethod
    async def of(cls, ground: Ground) -> "Scene":
        ours = await ground.organization()
        outsider, insider, owner = [await member(ground, ours) for _ in range(3)]
        reads = await role(ground, ours, "resources:read")
        for each in (outsider, insider):
            await granted(ground, ours, user(each), reads)
        (hidden,) = await ground.resource(ours, "hidden", owner_id=owner)
        (shown, _) = await ground.resource(ours, "shown", (hidden,), owner_id=owner)
        await ground.group(ours, [hidden], [user(insider)], people=[owner])
        await ground.group(ours, [shown], [user(outsider), user(insider)])
        return cls(ground, ours, reads, outsider, insider, owner, hidden, shown)

    async def listed(self, by: UserId, **wanted: object) -> set[str]:
        """Return the external ids of what somebody is shown."""
        asked = ResourceFilter(**wanted)  # type: ignore[arg-type]  # fields
        found = await self.ground.resource_lists.list(actor(by), self.ours, asked, None, 9, None)
        return {each.external_id for each in found}


class ResourceSightContract:
    """Subclasses provide the fixture `ground`."""

    async def test_shows_no_more_of_a_resource_than_the_actor_sees(self, ground: Ground) -> None:
        scene = await Scene.of(ground)
        lists = ground.resource_lists

        told = await lists.find(actor(scene.outsider), scene.ours, scene.shown, None)
        assert told
        assert (told.owner, told.parent) == (None, None)
        assert await lists.find(actor(scene.outsider), scene.ours, scene.hidden, None) is None
        told = await lists.find(actor(scene.insider), scene.ours, scene.shown, None)
        assert told
        assert (told.owner, told.parent) == (scene.owner, ResourceName("document", "hidden"))

    async def test_finds_nothing_by_what_the_actor_does_not_see(self, ground: Ground) -> None:
        scene = await Scene.of(ground)
        parent = ResourceKey("document", "hidden")

        for wanted, inside, outside in (
            ({}, {"hidden", "shown"}, {"shown"}),
            ({"parent": parent}, {"shown"}, set()),
            ({"owner": scene.owner}, {"hidden", "shown"}, set()),
            ({"external_id_prefix": "hid"}, {"hidden"}, set()),
            ({"type": "document", "parent": parent, "owner": scene.owner}, {"shown"}, set()),
        ):
            assert await scene.listed(scene.insider, **wanted) == inside
            assert await scene.listed(scene.outsider, **wanted) == outside

    async def test_shows_what_was_granted_one_by_one_and_what_lies_in_it(self, ground: Ground) -> None:
        scene = await Scene.of(ground)
        stranger = await ground.person()
        top = await ground.resource(scene.ours, "top")
        (leaf, *_) = await ground.resource(scene.ours, "leaf", top)
        await ground.resource(scene.ours, "beside")
        await granted(ground, scene.ours, user(stranger), scene.reads, on=leaf)

        assert await scene.listed(stranger) == {"leaf"}
        told = await ground.resource_lists.find(actor(stranger), scene.ours, leaf, None)
        assert told
        assert told.parent is None
        await granted(ground, scene.ours, user(stranger), scene.reads, on=top[0], below=True)
        assert await scene.listed(stranger) == {"leaf", "top"}
        assert await scene.listed(stranger, parent=ResourceKey("document", "top")) == {"leaf"}


class GateContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a1_a_grant_on_a_resource_opens_what_is_about_it_alone(self, ground: Ground) -> None:
        ours = await ground.organization()
        writes = await role(ground, ours, "resources:write")
        top = await ground.resource(ours, "top")
        (leaf, *_) = await ground.resource(ours, "leaf", top)
        (other,) = await ground.resource(ours, "other")
        ada = await ground.person()
        await granted(ground, ours, user(ada), writes, on=top[0], below=True)

        for resource_id in (top[0], leaf):
            await _ask(ground, ada, WRITE, ours, resource_id)
        for access in (READ, WRITE):
            with pytest.raises(ResourceNotFound):
                await _ask(ground, ada, access, ours, other)
        with pytest.raises(Forbidden):
            await _ask(ground, ada, needs(Permission.RESOURCES_WRITE, within="organization_id"), ours, top[0])
        await _ask(ground, ada, member_of("organization_id"), ours, other)

    async def test_a1_a2_what_cannot_be_read_is_not_there(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        reads, writes = [await role(ground, ours, f"resources:{each}") for each in ("read", "write")]
        (open_one,) = await ground.resource(ours, "open")
        (walled,) = await ground.resource(ours, "walled")
        (foreign,) = await ground.resource(theirs, "open")
        ada, eve = await member(ground, ours), await member(ground, ours)
        await granted(ground, ours, user(ada), reads)
        await ground.group(ours, [walled], [])

        with pytest.raises(Forbidden):
            await _ask(ground, ada, WRITE, ours, open_one)
        await _ask(ground, ada, READ, ours, open_one)
        for user_id, resource_id in (
            (eve, open_one),
            (ada, walled),
            (ada, foreign),
            (ada, ResourceId(uuid7())),
        ):
            for access in (READ, WRITE):
                with pytest.raises(ResourceNotFound):
                    await _ask(ground, user_id, access, ours, resource_id)
        await granted(ground, ours, user(ada), writes, on=walled)
        with pytest.raises(ResourceNotFound):
            await _ask(ground, ada, WRITE, ours, walled)
        with pytest.raises(OrganizationNotFound):
            await _ask(ground, ada, READ, theirs, foreign)

    async def test_a1_whoever_may_bypass_walls_or_owns_it_passes(self, ground: Ground) -> None:
        ours = await ground.organization()
        sees = await role(ground, ours, "resources:read", "visibility:bypass")
        reads = await role(ground, ours, "resources:read")
        ada, owner = await member(ground, ours), await member(ground, ours)
        (walled,) = await ground.resource(ours, "walled", owner_id=owner)
        await ground.group(ours, [walled], [])
        await granted(ground, ours, user(ada), sees)
        await granted(ground, ours, user(owner), reads)

        for each in (ada, owner):
            await _ask(ground, each, READ, ours, walled)


async def _ask(
    ground: Ground, user_id: UserId, access: Access, organization_id: OrganizationId, resource_id: ResourceId
) -> None:
    await ground.gate.check(access, actor(user_id), Ask(organization_id=organization_id, resource_id=resource_id))
