"""What every `States` promises."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import pytest

from domain.events.errors import ThingIdInvalid
from domain.events.kinds import KINDS
from domain.events.ports import Selection, States
from domain.kernel.ids import OrganizationId
from tests.support.memory.states import digest_of

USERS = Selection(KINDS["user"])
ONE = "01a20152-8a1e-7b95-bab4-3ecd3b3f6a11"
GREATEST = UUID(int=2**128 - 1)


class World(Protocol):
    """People and teams, and what is not numbered yet."""

    states: States

    async def user(self, version: int) -> UUID:
        """Have a person of that version, all whose events were numbered."""

    async def team(self, version: int) -> tuple[UUID, OrganizationId]:
        """Have a team in an organization of its own."""

    async def member(self, team: UUID, organization: OrganizationId) -> UUID:
        """Have somebody in the team."""

    async def waits(self, user: UUID, *versions: int) -> None:
        """Have events of a person committed that are not numbered yet."""

    async def gone(self, user: UUID) -> None:
        """Delete the person."""


def ids(found: Sequence[UUID]) -> list[str]:
    return [str(each) for each in sorted(found)]


class StatesContract:
    """Run by inheriting and providing the fixture `world`."""

    async def test_things_come_in_the_order_of_their_ids_and_parts_go_on(self, world: World) -> None:
        people = [await world.user(version) for version in (1, 2, 3, 4)]
        first = await world.states.things(USERS, None, 3)
        rest = await world.states.things(USERS, first[-1].id, 3)
        assert [each.id for each in (*first, *rest)] == ids(people)
        assert {UUID(each.id): each.version for each in (*first, *rest)} == dict(zip(people, (1, 2, 3, 4), strict=True))

    async def test_an_organization_has_its_own_things(self, world: World) -> None:
        (mine, organization), _ = await world.team(1), await world.team(1)
        chosen = Selection(KINDS["team"], organization)
        (found,) = await world.states.things(chosen, None, 10)
        assert (found.id, found.organization_id, found.kind) == (str(mine), str(organization), "team")
        assert await world.states.bounds(chosen, UUID(int=0), GREATEST) == (mine, mine)
        _, (counted,) = await world.states.count(chosen, [UUID(int=0)], GREATEST)
        assert counted.count == 1

    async def test_parts_have_two_ids_and_the_version_of_the_whole(self, world: World) -> None:
        team, organization = await world.team(7)
        people = [await world.member(team, organization) for _ in range(3)]
        chosen = Selection(KINDS["team_member"])
        first = await world.states.things(chosen, None, 2)
        rest = await world.states.things(chosen, first[-1].id, 2)
        assert [each.id for each in (*first, *rest)] == [f"{team}/{person}" for person in ids(people)]
        assert {each.version for each in first} == {7}

    @pytest.mark.parametrize("after", ["", "x", "/", "1/2", f"{ONE}/{ONE}", f"{ONE} ", ONE.upper()])
    async def test_f10_what_is_no_id_is_refused(self, world: World, after: str) -> None:
        with pytest.raises(ThingIdInvalid):
            await world.states.things(USERS, after, 10)
        with pytest.raises(ThingIdInvalid):
            await world.states.things(Selection(KINDS["team_member"]), after.partition("/")[0], 10)

    async def test_bounds_are_the_least_and_the_greatest(self, world: World) -> None:
        assert await world.states.bounds(USERS, UUID(int=0), GREATEST) is None
        people = sorted([await world.user(1) for _ in range(4)])
        assert await world.states.bounds(USERS, UUID(int=0), GREATEST) == (people[0], people[-1])
        assert await world.states.bounds(USERS, people[1], people[2]) == (people[1], people[2])

    async def test_ranges_are_digested_as_consumers_do_it(self, world: World) -> None:
        people = sorted([await world.user(version) for version in (1, 2, 3, 4, 5)])
        versions = {each.id: each.version for each in await world.states.things(USERS, None, 10)}
        cursor, counted = await world.states.count(USERS, [people[0], people[2], people[3]], people[3])
        assert cursor == await world.states.cursor()
        assert [each.count for each in counted] == [2, 1, 1]
        parts = [people[:2], people[2:3], people[3:4]]
        assert [each.digest for each in counted] == [
            digest_of({str(person): versions[str(person)] for person in part}) for part in parts
        ]

    async def test_what_is_not_numbered_yet_has_not_happened(self, world: World) -> None:
        known, new, gone, seeded = [await world.user(version) for version in (4, 2, 3, 0)]
        await world.waits(known, 3, 4)
        await world.waits(new, 1, 2)
        await world.waits(gone, 4)
        await world.gone(gone)
        _, (counted,) = await world.states.count(USERS, [UUID(int=0)], GREATEST)
        assert str(seeded) in {each.id for each in await world.states.things(USERS, None, 10)}
        assert (counted.count, counted.digest) == (2, digest_of({str(known): 2, str(gone): 3}))

    async def test_an_empty_range_is_nothing(self, world: World) -> None:
        await world.user(1)
        _, (counted,) = await world.states.count(USERS, [GREATEST], UUID(int=0))
        assert (counted.count, counted.digest) == (0, 0)
