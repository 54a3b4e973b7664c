"""What every `Resources`, `Belonging` and `ResourceReader` promises."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import pytest

from domain.access.facade import Subject, Walls
from domain.kernel.access import Actor
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ResourceId, SessionId, UserId, uuid7
from domain.resources.errors import (
    OwnerNotFound,
    ParentNotFound,
    ResourceNotEmpty,
    ResourceNotFound,
    ResourceTaken,
    TooDeep,
    TooManyMoved,
)
from domain.resources.models import DEEPEST, Parent, Resource, ResourceKey
from domain.resources.ports import Belonging
from domain.resources.readers import ResourceFilter, ResourceReader
from domain.resources.repositories import Resources
from domain.resources.schemas import ResourceInfo, info

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
NOBODY = Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)


class NoWalls(Walls):
    """There are none."""

    async def bypasses(self, actor: Actor, organization_id: OrganizationId) -> bool:
        return True

    async def hidden(
        self, actor: Actor, organization_id: OrganizationId, resource_ids: Collection[ResourceId]
    ) -> Collection[ResourceId]:
        return ()

    async def hidden_people(
        self, actor: Actor, organization_id: OrganizationId, user_ids: Collection[UserId]
    ) -> Collection[UserId]:
        return ()


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    resources: Resources
    belonging: Belonging


class Ground(Protocol):
    """Makes transactions, and reads what they committed."""

    organization_id: OrganizationId
    """One with nothing in it."""
    other_id: OrganizationId
    """Another one."""

    @property
    def reader(self) -> ResourceReader: ...

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    async def member(self, organization_id: OrganizationId) -> UserId:
        """Return a new member."""

    async def team(self, organization_id: OrganizationId) -> UUID:
        """Return a new team."""

    async def account(self, organization_id: OrganizationId) -> UUID:
        """Return a new service account."""

    async def leave(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """End a membership."""


def resource(ground: Ground, name: str, parent: Resource | None = None, **more: Any) -> Resource:
    """Return a resource that was not added yet."""
    made = ResourceId(uuid7())
    known: dict[str, Any] = {
        "id": made,
        "organization_id": ground.organization_id,
        "key": ResourceKey("document", name),
        "owner_id": None,
        "parent": Parent(parent.id, parent.key) if parent else None,
        "path": (made, *(parent.path if parent else ())),
        "attributes": {},
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return Resource(**known | more)


async def added(ground: Ground, *resources: Resource) -> Sequence[Resource]:
    async with ground.transaction() as ports:
        await ports.resources.add(resources)
    return resources


async def changed(ground: Ground, resource: Resource, **fields: Any) -> Resource:
    """Change a resource, as a command does."""
    async with ground.transaction() as ports:
        found = await ports.resources.get(ground.organization_id, resource.id)
        for name, value in fields.items():
            setattr(found, name, value)
        found.version += 1
        await ports.resources.keep([found])
        if "path" in fields:
            await ports.resources.move([found], 100)
    return found


async def shown(ground: Ground, wanted: ResourceFilter, organization_id: OrganizationId | None = None) -> list[str]:
    """Return the external ids of what is listed, one to a page."""
    found: list[ResourceInfo] = []
    while page := await ground.reader.list(
        NOBODY, organization_id or ground.organization_id, wanted, found[-1].id if found else None, 1, None
    ):
        found += page
    return [each.external_id for each in found]


class ResourcesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_finds_what_was_added_by_key_and_by_id(self, ground: Ground) -> None:
        owner = await ground.member(ground.organization_id)
        attributes = {"a": "ä\n", "b": 1, "c": 1.5, "d": True, "e": ["x", 2], "f": 1.0, "g": 1e-9}
        folder = resource(ground, "folder")
        made = resource(ground, "made", folder, owner_id=owner, attributes=attributes)
        await added(ground, made, folder)

        async with ground.transaction() as ports:
            by_key = await ports.resources.named(ground.organization_id, {made.key, ResourceKey("document", "none")})
            by_id = await ports.resources.get(ground.organization_id, made.id)
            locked = await ports.resources.renewed([made, resource(ground, "gone")])

        assert by_key.keys() == locked.keys() == {made.key}
        for found in (by_key[made.key], by_id, locked[made.key]):
            assert vars(found) == vars(made)
        assert await ground.reader.find(NOBODY, ground.organization_id, made.id, None) == info(made)

    async def test_a2_an_id_or_key_leads_nowhere_from_another_organization(self, ground: Ground) -> None:
        (made,) = await added(ground, resource(ground, "mine"))

        async with ground.transaction() as ports:
            assert await ports.resources.named(ground.other_id, {made.key}) == {}
            with pytest.raises(ResourceNotFound):
                await ports.resources.get(ground.other_id, made.id)
        assert await ground.reader.find(NOBODY, ground.other_id, made.id, None) is None
        assert await shown(ground, ResourceFilter(), ground.other_id) == []

    async def test_refuses_a_key_twice_and_adds_none_of_the_list(self, ground: Ground) -> None:
        await added(ground, resource(ground, "b"))

        with pytest.raises(ResourceTaken):
            await added(ground, resource(ground, "a"), resource(ground, "b"))

        assert await shown(ground, ResourceFilter()) == ["b"]
        await added(ground, resource(ground, "b", organization_id=ground.other_id))
        await added(ground, resource(ground, "b", key=ResourceKey("folder", "b")))

    async def test_a2_refuses_owners_and_parents_of_another_organization(self, ground: Ground) -> None:
        stranger = await ground.member(ground.other_id)
        (elsewhere,) = await added(ground, resource(ground, "elsewhere", organization_id=ground.other_id))
        (here,) = await added(ground, resource(ground, "here"))

        with pytest.raises(OwnerNotFound):
            await added(ground, resource(ground, "a", owner_id=stranger))
        with pytest.raises(ParentNotFound):
            await added(ground, resource(ground, "a", elsewhere))
        with pytest.raises(OrganizationNotFound):
            await added(ground, resource(ground, "a", organization_id=OrganizationId(uuid7())))
        with pytest.raises(OwnerNotFound):
            await changed(ground, here, owner_id=stranger)

        assert await shown(ground, ResourceFilter()) == ["here"]

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        owner = await ground.member(ground.organization_id)
        (made,) = await added(ground, resource(ground, "made", attributes={"a": 1}))

        found = await changed(ground, made, owner_id=owner, attributes={"b": [1.5]})

        assert await ground.reader.find(NOBODY, ground.organization_id, made.id, None) == info(found)

    async def test_what_lies_below_follows(self, ground: Ground) -> None:
        a, b = resource(ground, "a"), resource(ground, "b")
        one = resource(ground, "one", a)
        two = resource(ground, "two", one)
        three = resource(ground, "three", two)
        await added(ground, a, b, one, two, three)

        async with ground.transaction() as ports:
            first, second = [await ports.resources.get(ground.organization_id, each.id) for each in (one, three)]
            first.parent, first.path = Parent(b.id, b.key), (one.id, b.id)
            second.parent, second.path = Parent(one.id, one.key), (three.id, one.id, b.id)
            await ports.resources.keep([first, second])
            await ports.resources.move([first, second], 3)

        async with ground.transaction() as ports:
            found = await ports.resources.named(ground.organization_id, {each.key for each in (one, two, three)})
            assert [found[each.key].path for each in (one, two, three)] == [
                (one.id, b.id),
                (two.id, one.id, b.id),
                (three.id, one.id, b.id),
            ]
            assert {each.id for each in await ports.resources.below(found[one.key], 10)} == {two.id, three.id}
            assert len(await ports.resources.below(found[one.key], 1)) == 1

    async def test_refuses_to_move_more_than_was_asked_for(self, ground: Ground) -> None:
        a, b = resource(ground, "a"), resource(ground, "b")
        one = resource(ground, "one", a)
        await added(ground, a, b, one, resource(ground, "two", one))

        for most in (1, 2):
            with suppress(TooManyMoved):
                async with ground.transaction() as ports:
                    moved = await ports.resources.get(ground.organization_id, one.id)
                    moved.parent, moved.path = Parent(b.id, b.key), (one.id, b.id)
                    await ports.resources.keep([moved])
                    await ports.resources.move([moved], most)
            async with ground.transaction() as ports:
                found = await ports.resources.get(ground.organization_id, one.id)
                assert found.path == (one.id, a.id if most == 1 else b.id)

    async def test_refuses_a_move_that_makes_something_too_deep(self, ground: Ground) -> None:
        chain = [resource(ground, "0")]
        for number in range(1, DEEPEST):
            chain.append(resource(ground, str(number), chain[-1]))
        top = resource(ground, "top")
        await added(ground, *chain, top)

        with pytest.raises(TooDeep):
            await changed(ground, chain[0], parent=Parent(top.id, top.key), path=(chain[0].id, top.id))

    async def test_removes_a_whole_tree_but_nothing_that_others_lie_in(self, ground: Ground) -> None:
        top = resource(ground, "top")
        below = resource(ground, "below", top)
        await added(ground, top, below)

        with pytest.raises(ResourceNotEmpty):
            async with ground.transaction() as ports:
                await ports.resources.remove([await ports.resources.get(ground.organization_id, top.id)])
        async with ground.transaction() as ports:
            found = await ports.resources.get(ground.organization_id, top.id)
            await ports.resources.remove([found, *await ports.resources.below(found, 10)])

        assert await shown(ground, ResourceFilter()) == []

    async def test_knows_who_belongs(self, ground: Ground) -> None:
        member, stranger = await ground.member(ground.organization_id), await ground.member(ground.other_id)
        team, other = await ground.team(ground.organization_id), await ground.team(ground.other_id)
        robot, foreign = [await ground.account(each) for each in (ground.organization_id, ground.other_id)]

        async with ground.transaction() as ports:
            assert await ports.belonging.people(ground.organization_id, [member, stranger]) == {member}
            answers = [
                await ports.belonging.includes(ground.organization_id, subject)
                for subject in (
                    Subject("user", member),
                    Subject("team", team),
                    Subject("user", stranger),
                    Subject("team", other),
                    Subject("team", member),
                    Subject("service_account", robot),
                    Subject("service_account", foreign),
                    Subject("service_account", member),
                )
            ]
        assert answers == [True, True, False, False, False, True, False, False]

    async def test_whoever_leaves_owns_nothing(self, ground: Ground) -> None:
        owner, other = await ground.member(ground.organization_id), await ground.member(ground.organization_id)
        made, kept = await added(ground, resource(ground, "a", owner_id=owner), resource(ground, "b", owner_id=other))

        await ground.leave(ground.organization_id, owner)

        found = [await ground.reader.find(NOBODY, ground.organization_id, each.id, None) for each in (made, kept)]
        assert [each and each.owner for each in found] == [None, other]

    async def test_lists_the_newest_first_by_every_filter(self, ground: Ground) -> None:
        owner = await ground.member(ground.organization_id)
        top = resource(ground, "a%top", key=ResourceKey("folder", "a%top"))
        one, two = resource(ground, "a%one", top, owner_id=owner), resource(ground, "abtwo", top)
        await added(ground, top, one, two, resource(ground, "a%one", organization_id=ground.other_id))
        newest = [each.key.external_id for each in sorted((top, one, two), key=lambda each: each.id, reverse=True)]

        assert await shown(ground, ResourceFilter()) == newest
        assert await shown(ground, ResourceFilter(type="folder")) == ["a%top"]
        assert sorted(await shown(ground, ResourceFilter(parent=top.key))) == ["a%one", "abtwo"]
        assert await shown(ground, ResourceFilter(parent=one.key)) == []
        assert await shown(ground, ResourceFilter(parent=ResourceKey("folder", "none"))) == []
        assert await shown(ground, ResourceFilter(owner=owner)) == ["a%one"]
        assert sorted(await shown(ground, ResourceFilter(external_id_prefix="a%"))) == ["a%one", "a%top"]
        assert await shown(ground, ResourceFilter("document", top.key, owner, "a%o")) == ["a%one"]
