"""What every `Decisions` promises: everything of one moment, and no older than what was asked for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from domain.access.engine.deciding import Outcome, Question, decide
from domain.access.engine.parts import Name
from domain.access.ports import Decisions, Listing
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import PLATFORM, GroupId, OrganizationId, ResourceId, RoleId, UserId
from tests.support.access.changing import GROUPS, ORGANIZATIONS, RESOURCES, ROLES, TEAMS, USERS
from tests.support.access.worlds import (
    Content,
    Granted,
    Inherits,
    Membership,
    Resource,
    Role,
    Team,
    TeamMember,
    User,
    Viewer,
    World,
)

NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE: Final = datetime(2029, 1, 1, tzinfo=UTC)
ADA, BOB, EVE, GONE, ROOT = (UserId(each) for each in USERS)
OURS, THEIRS = OrganizationId(ORGANIZATIONS[1]), OrganizationId(ORGANIZATIONS[2])
UPPER, LOWER = TEAMS[0], TEAMS[3]
FOLDER, PAPER, OTHER = (ResourceId(RESOURCES[each]) for each in (0, 3, 6))
FOREIGN: Final = ResourceId(RESOURCES[1])
GROUP: Final = GROUPS[0]
READER, WRITER, BASE, FOREIGN_ROLE = ROLES[0], ROLES[1], ROLES[2], ROLES[3]

Change = Callable[[World], None]


class Ground(Protocol):
    """Has a world that is empty at first, and a process that decides."""

    decisions: Decisions

    async def change(self, change: Change) -> ConsistencyToken:
        """Change the world as another process does."""


def furnished(world: World) -> None:
    """Fill the world: a folder with a paper in it, another paper, and who may read what."""
    world.users += [User(each, is_active=each != GONE) for each in (ADA, BOB, EVE, GONE, ROOT)]
    world.memberships += [Membership(OURS, each) for each in (ADA, BOB, GONE)] + [Membership(THEIRS, EVE)]
    world.teams += [Team(UPPER, OURS), Team(LOWER, OURS, UPPER)]
    world.team_members.append(TeamMember(LOWER, BOB))
    world.roles += [
        Role(READER, OURS, ("doc:read",)),
        Role(WRITER, OURS, ("doc:write",)),
        Role(BASE, None, ("*",)),
        Role(FOREIGN_ROLE, THEIRS, ("doc:burn",)),
    ]
    world.inherits.append(Inherits(WRITER, READER))
    world.resources += [
        Resource(FOLDER, OURS, "folder", "f"),
        Resource(PAPER, OURS, "doc", "p", None, FOLDER, json.dumps({"status": "draft"})),
        Resource(OTHER, OURS, "doc", "o", ADA),
        Resource(FOREIGN, THEIRS, "doc", "p"),
    ]
    granted(world, 1, ADA, READER)
    granted(world, 2, UPPER, WRITER, subject_type="team", resource_id=FOLDER, below=True)
    granted(world, 3, ROOT, BASE, organization_id=PLATFORM)


def granted(world: World, number: int, subject_id: UUID, role_id: UUID, **more: Any) -> None:
    """Add a grant, in our organization and for ever unless it is said otherwise."""
    known: dict[str, Any] = {"organization_id": OURS, "subject_type": "user"} | more
    world.grants.append(Granted(UUID(int=(7 << 64) + number), subject_id=subject_id, role_id=role_id, **known))


def walled(world: World) -> None:
    """Put the folder behind a wall that only Bob's upper team looks over."""
    world.contents.append(Content(GROUP, OURS, FOLDER))
    world.viewers.append(Viewer(GROUP, team_id=UPPER))


class DecisionsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_shows_people_and_things_and_leaves_out_what_is_not_there(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)
        people, names = [(ADA, OURS), (UserId(UUID(int=1)), OURS)], [_name("doc", "p"), _name("doc", "none")]

        view = await ground.decisions.view(people, names)

        assert {*view.subjects} == {(ADA, OURS)}
        paper, none = view.things
        assert paper
        assert (paper.id, paper.attributes) == (PAPER, {"status": "draft"})
        assert none is None

    async def test_a2_a_name_is_that_of_one_organization(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        assert await ids(ground, _name("doc", "p"), Name(THEIRS, "doc", "p")) == [PAPER, FOREIGN]

    async def test_a9_names_that_differ_in_case_or_spaces_are_others(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        for name in ("P", "p ", " p", "p\u0301"):
            assert await ids(ground, _name("doc", name)) == [None]
        assert await ids(ground, _name("Doc", "p")) == [None]

    async def test_a8_what_was_withdrawn_is_gone_for_whoever_has_seen_the_command(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)
        assert await may(ground, ADA, "doc:read")

        def withdrawn(world: World) -> None:
            world.grants = [each for each in world.grants if each.subject_id != ADA]

        await asked_as_of(ground, withdrawn)

        assert not await may(ground, ADA, "doc:read")

    async def test_several_commands_are_seen_at_once(self, ground: Ground) -> None:
        first = await ground.change(furnished)
        await ground.decisions.refresh([first])
        one = await ground.change(lambda world: granted(world, 4, BOB, WRITER, resource_id=OTHER))
        two = await ground.change(lambda world: granted(world, 5, BOB, WRITER, resource_id=PAPER))

        await ground.decisions.refresh([one, two])

        assert await may(ground, BOB, "doc:write", "o")
        assert await may(ground, BOB, "doc:write", "p")

    async def test_a_thing_that_got_the_name_of_another_is_found_by_it(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)
        assert await ids(ground, _name("doc", "p")) == [PAPER]

        await asked_as_of(ground, lambda world: _rename(world, PAPER, "q"))
        await asked_as_of(ground, lambda world: _rename(world, OTHER, "p"))

        assert await ids(ground, _name("doc", "p"), _name("doc", "q")) == [OTHER, PAPER]

    async def test_roles_come_with_all_that_they_inherit(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        found = await ground.decisions.roles([RoleId(WRITER)])

        assert {*found} == {READER, WRITER}
        assert found[RoleId(READER)].permissions == {"doc:read"}
        assert not await ground.decisions.roles([RoleId(UUID(int=1))])

    async def test_places_are_found_by_their_own_ids(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        found = await ground.decisions.places([PAPER, FOREIGN, ResourceId(UUID(int=1))])

        assert {*found} == {PAPER, FOREIGN}
        assert [*found[PAPER].path] == [PAPER, FOLDER]

    async def test_lists_exactly_what_a_check_allows_in_the_order_of_ids(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        assert await listed(ground, ADA) == ["p", "o"]
        assert await listed(ground, BOB) == ["p"]
        assert await listed(ground, ROOT) == ["p", "o"]
        assert await listed(ground, EVE) == await listed(ground, GONE) == []

    async def test_a_list_shows_nothing_that_the_asker_may_not_see(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)
        await asked_as_of(ground, walled)

        assert await listed(ground, BOB, asker=BOB) == ["p"]
        assert await listed(ground, BOB, asker=ADA) == []
        assert await listed(ground, ADA) == ["o"]

    async def test_a_page_goes_on_after_the_last_one(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)
        wanted = Listing((ADA, OURS), (ADA, OURS), "doc", "doc:read", {})

        first = await ground.decisions.resources(wanted, None, 1, NOW)
        second = await ground.decisions.resources(wanted, first[-1][0], 1, NOW)

        assert [*first, *second] == [(PAPER, "p"), (OTHER, "o")]
        assert not await ground.decisions.resources(wanted, OTHER, 1, NOW)

    async def test_a_list_knows_conditions_and_ends(self, ground: Ground) -> None:
        def narrowed(world: World) -> None:
            furnished(world)
            world.grants = [each for each in world.grants if each.subject_id != ADA]
            condition = json.dumps({"resource.status": {"eq": {"attribute": "context.status"}}})
            granted(world, 1, ADA, READER, condition=condition)
            granted(world, 6, ADA, WRITER, expires_at=NOW)

        await asked_as_of(ground, narrowed)

        assert await listed(ground, ADA, status="draft") == ["p"]
        assert await listed(ground, ADA, status="final") == []
        assert await listed(ground, ADA, permission="doc:write") == []
        assert await listed(ground, ADA, permission="doc:write", now=BEFORE) == ["p", "o"]

    async def test_candidates_are_whoever_may_hold_something(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        found = await ground.decisions.candidates((ROOT, OURS), None, None, 10)

        assert [*found] == [ADA, BOB, GONE, ROOT]
        assert [*await ground.decisions.candidates((ROOT, OURS), None, BOB, 1)] == [GONE]
        assert [*await ground.decisions.candidates((ROOT, OURS), [GroupId(GROUP)], None, 10)] == [ADA, BOB, GONE, ROOT]

    async def test_permissions_are_those_that_can_be_granted_there(self, ground: Ground) -> None:
        await asked_as_of(ground, furnished)

        found = {*await ground.decisions.permissions(OURS)}

        assert found >= {"doc:read", "doc:write", "*"}
        assert "doc:burn" not in found


async def asked_as_of(ground: Ground, change: Change) -> None:
    """Change the world, and have the process know of it."""
    await ground.decisions.refresh([await ground.change(change)])


async def ids(ground: Ground, *names: Name) -> list[ResourceId | None]:
    """Return what is called so."""
    return [thing.id if thing else None for thing in (await ground.decisions.view([], names)).things]


async def may(ground: Ground, user_id: UserId, permission: str, name: str = "p") -> bool:
    """Return what is decided about a document."""
    view = await ground.decisions.view([(user_id, OURS)], [_name("doc", name)])
    question = Question(permission, view.things[0])
    return decide(view.subjects[user_id, OURS], question, NOW) is Outcome.ALLOWED


async def listed(
    ground: Ground,
    user_id: UserId,
    asker: UserId | None = None,
    permission: str = "doc:read",
    now: datetime = NOW,
    **attributes: Any,
) -> list[str]:
    """Return the external ids of the documents that somebody may."""
    wanted = Listing((user_id, OURS), (asker or user_id, OURS), "doc", permission, attributes)
    return [name for _, name in await ground.decisions.resources(wanted, None, 10, now)]


def _name(type_: str, external_id: str) -> Name:
    return Name(OURS, type_, external_id)


def _rename(world: World, resource_id: ResourceId, name: str) -> None:
    world.resources = [each._replace(external_id=name) if each.id == resource_id else each for each in world.resources]
