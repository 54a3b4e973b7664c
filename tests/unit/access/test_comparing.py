"""Comparing before with after tells of what can be seen before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from domain.access.engine.compiled import Subject, compile_subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Grant, RolePart, UserPart
from domain.access.simulating.comparing import Comparing
from domain.access.simulating.ports import Other, Others, Trial
from domain.access.simulating.states import Altered, Candidate
from domain.kernel.ids import PLATFORM, GrantId, GroupId, OrganizationId, ResourceId, RoleId, UserId

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OURS, ROLE, GROUP = OrganizationId(UUID(int=2)), RoleId(UUID(int=3)), GroupId(UUID(int=4))
ADA, EVE = UserId(UUID(int=5)), UserId(UUID(int=6))
PLAN = ResourceId(UUID(int=7))
BEHIND = Thing("document", "plan", PLAN, (PLAN,), None, frozenset({GROUP}))
OPEN = replace(BEHIND, groups=None)


@dataclass
class Tried(Trial):
    asker: Candidate
    altered: Sequence[Altered]
    people: Sequence[Candidate] = ()
    last: UserId | None = None
    permissions: Collection[str] = field(default_factory=lambda: {"document:read"})

    async def others(self, wanted: Others) -> Sequence[Other]:
        return ()


def subject(user_id: UserId, *groups: GroupId, at: OrganizationId = OURS) -> Subject:
    """Return somebody in these groups who may read documents of an organization."""
    grant = Grant(GrantId(UUID(int=8)), at, ROLE, None, False, True)
    user = UserPart(user_id, True, True, frozenset({OURS}), frozenset(), frozenset(groups), frozenset(), (grant,))
    return compile_subject(user, OURS, {}, {ROLE: RolePart(ROLE, None, frozenset({"document:read"}), ())})


async def told(asker: Candidate, about: Candidate, before: Thing | None, after: Thing | None) -> list[tuple[str, bool]]:
    comparing = Comparing(Tried(asker, [Altered(before, after)]), {}, NOW)
    found = await comparing.changes(about, (), 10)
    return [(each.on.id, each.gained) for each in found if each.on]


async def test_a12_whoever_gets_behind_a_wall_is_not_told_what_is_there() -> None:
    outside, inside = subject(ADA), subject(ADA, GROUP)
    asker = Candidate(ADA, outside, inside)
    eve = Candidate(EVE, subject(EVE, GROUP), subject(EVE, GROUP))

    assert await told(asker, asker, BEHIND, replace(BEHIND, attributes={"a": 1})) == []
    assert await told(asker, eve, BEHIND, None) == []
    assert await told(asker, asker, BEHIND, OPEN) == []
    assert await told(asker, eve, OPEN, None) == [("plan", False)]


async def test_what_the_asker_leaves_they_are_told_of() -> None:
    asker = Candidate(ADA, subject(ADA, GROUP), subject(ADA))

    assert await told(asker, asker, BEHIND, replace(BEHIND, owner_id=EVE)) == [("plan", False)]


async def test_what_is_not_there_yet_is_seen_as_it_is_going_to_be() -> None:
    outside = Candidate(ADA, subject(ADA), subject(ADA))
    eve = Candidate(EVE, subject(EVE, GROUP), subject(EVE, GROUP))

    assert await told(outside, eve, None, BEHIND) == []
    assert await told(outside, eve, None, OPEN) == [("plan", True)]


async def test_what_one_may_oneself_behind_a_wall_one_is_told_of_when_it_goes() -> None:
    wide = subject(ADA, at=PLATFORM)
    asker = Candidate(ADA, wide, wide)

    assert await told(asker, asker, BEHIND, None) == [("plan", False)]
    assert await told(asker, Candidate(EVE, subject(EVE, GROUP), None), BEHIND, None) == []
