"""What every `Authority`, and `Mandates`, promises."""

import pytest

from domain.access.errors import NotHeld
from domain.access.facade import Place, Subject
from domain.access.models import OWNER
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, RoleId, UserId
from tests.contracts.access import (
    HOUR,
    NOW,
    Ground,
    account,
    actor,
    granted,
    holds,
    member,
    role,
    superuser,
    team,
    user,
)

CONDITION = {"subject.email_verified": {"eq": True}}


async def gives(ground: Ground, user_id: UserId, place: Place, role_id: RoleId) -> bool:
    """Return whether the person may give the role."""
    async with ground.transaction() as ports:
        try:
            await ports.authority.must_hold_role(actor(user_id), place, role_id)
        except NotHeld:
            return False
        return True


class AuthorityContract:
    """Subclasses provide the fixture `ground`."""

    @pytest.fixture
    async def ours(self, ground: Ground) -> OrganizationId:
        return await ground.organization()

    async def test_holds_what_was_granted_there_and_nothing_else(self, ground: Ground, ours: OrganizationId) -> None:
        theirs = await ground.organization()
        ada = await member(ground, ours)
        await granted(ground, ours, user(ada), await role(ground, ours, "notes:read"))

        assert await holds(ground, ada, Place(ours), "notes:read")
        assert not await holds(ground, ada, Place(ours), "notes:write")
        assert not await holds(ground, ada, Place(theirs), "notes:read")
        assert not await holds(ground, ada, Place(PLATFORM), "notes:read")

    async def test_holds_what_is_granted_to_teams_above(self, ground: Ground, ours: OrganizationId) -> None:
        ada, bob = await member(ground, ours), await member(ground, ours)
        upper = await ground.team(ours, bob)
        lower = await ground.team(ours, ada, within=upper)
        await granted(ground, ours, team(upper), await role(ground, ours, "notes:read"))
        await granted(ground, ours, team(lower), await role(ground, ours, "notes:write"))

        assert await holds(ground, ada, Place(ours), "notes:read")
        assert await holds(ground, ada, Place(ours), "notes:write")
        assert await holds(ground, bob, Place(ours), "notes:read")
        assert not await holds(ground, bob, Place(ours), "notes:write")

    async def test_holds_what_is_inherited_through_eight_levels(self, ground: Ground, ours: OrganizationId) -> None:
        ada = await member(ground, ours)
        chain = [await role(ground, ours, "level:0")]
        for level in range(1, 9):
            chain.append(await role(ground, ours, f"level:{level}", inherits=(chain[-1],)))
        await granted(ground, ours, user(ada), chain[-1])

        for level in range(1, 9):
            assert await holds(ground, ada, Place(ours), f"level:{level}")
        assert not await holds(ground, ada, Place(ours), "level:0")

    async def test_platform_wide_grants_count_everywhere(self, ground: Ground, ours: OrganizationId) -> None:
        ada, root = await ground.person(), await superuser(ground)
        (note,) = await ground.resource(ours, "note")
        await granted(ground, PLATFORM, user(ada), await role(ground, PLATFORM, "notes:read"))

        for place in (Place(PLATFORM), Place(ours), Place(ours, note), Place(ours, note, below=True)):
            assert await holds(ground, ada, place, "notes:read")
            assert not await holds(ground, ada, place, "notes:write")
            assert await holds(ground, root, place, "notes:write")
        assert await gives(ground, root, Place(ours), OWNER)

    async def test_a_grant_on_something_of_the_platform_counts_nowhere_else(
        self, ground: Ground, ours: OrganizationId
    ) -> None:
        ada = await ground.person()
        (note,) = await ground.resource(PLATFORM, "note")
        await granted(ground, PLATFORM, user(ada), await role(ground, PLATFORM, "notes:read"), on=note)

        assert await holds(ground, ada, Place(PLATFORM, note), "notes:read")
        assert not await holds(ground, ada, Place(PLATFORM), "notes:read")
        assert not await holds(ground, ada, Place(ours), "notes:read")

    async def test_f4_a_star_counts_in_system_roles_only(self, ground: Ground, ours: OrganizationId) -> None:
        ada = await member(ground, ours)
        await granted(ground, ours, user(ada), await role(ground, ours, "*", "notes:*"))

        assert not await holds(ground, ada, Place(ours), "notes:read")
        assert not await holds(ground, ada, Place(ours), "*")

    @pytest.mark.parametrize("more", [{"condition": CONDITION}, {"expires_at": NOW}, {"expires_at": NOW - HOUR}])
    async def test_what_is_uncertain_or_over_counts_for_nothing(
        self, ground: Ground, ours: OrganizationId, more: dict[str, object]
    ) -> None:
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        await granted(ground, ours, user(ada), reader, **more)

        assert not await holds(ground, ada, Place(ours), "notes:read")
        assert not await gives(ground, ada, Place(ours), reader)

    async def test_a4_what_ends_is_held_but_given_for_no_longer(self, ground: Ground, ours: OrganizationId) -> None:
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        await granted(ground, ours, user(ada), reader, expires_at=NOW + HOUR)

        assert await holds(ground, ada, Place(ours), "notes:read")
        assert not await gives(ground, ada, Place(ours), reader)
        async with ground.transaction() as ports:
            await ports.authority.must_hold(ada, Place(ours), ["notes:read"], NOW + HOUR)
            with pytest.raises(NotHeld):
                await ports.authority.must_hold(ada, Place(ours), ["notes:read"], NOW + 2 * HOUR)

    @pytest.mark.parametrize(
        ("on", "below", "held"),
        [
            ("top", False, {"top"}),
            ("top", True, {"top", "middle", "leaf", "top below", "middle below", "leaf below"}),
            ("middle", False, {"middle"}),
            ("middle", True, {"middle", "leaf", "middle below", "leaf below"}),
            ("leaf", True, {"leaf", "leaf below"}),
            (None, False, {"all", "top", "middle", "leaf", "top below", "middle below", "leaf below"}),
        ],
    )
    async def test_holds_at_a_place_what_holds_all_over_it(
        self,
        ground: Ground,
        ours: OrganizationId,
        on: str | None,
        below: bool,  # noqa: FBT001 - a row of the table
        held: set[str],
    ) -> None:
        places, by_name = await _tree(ground, ours)
        ada = await member(ground, ours)
        await granted(
            ground,
            ours,
            user(ada),
            await role(ground, ours, "notes:read"),
            on=by_name[on] if on else None,
            below=below,
        )

        assert {name for name, place in places.items() if await holds(ground, ada, place, "notes:read")} == held

    @pytest.mark.parametrize(
        ("on", "below", "left"),
        [
            (None, False, set[str]()),
            ("top", False, {"middle", "leaf", "middle below", "leaf below"}),
            ("top", True, set[str]()),
            ("middle", True, {"top"}),
            ("leaf", False, {"top", "middle"}),
        ],
    )
    async def test_a_denial_counts_wherever_it_meets_the_place(
        self,
        ground: Ground,
        ours: OrganizationId,
        on: str | None,
        below: bool,  # noqa: FBT001 - a row of the table
        left: set[str],
    ) -> None:
        places, by_name = await _tree(ground, ours)
        ada = await member(ground, ours)
        reader = await role(ground, ours, "notes:read")
        await granted(ground, ours, user(ada), reader)
        await granted(
            ground,
            ours,
            user(ada),
            reader,
            on=by_name[on] if on else None,
            below=below,
            effect="deny",
            condition=CONDITION,
        )

        assert {name for name, place in places.items() if await holds(ground, ada, place, "notes:read")} == left

    async def test_a_denial_that_is_over_denies_nothing(self, ground: Ground, ours: OrganizationId) -> None:
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        await granted(ground, ours, user(ada), reader)
        await granted(ground, ours, user(ada), reader, effect="deny", expires_at=NOW)

        assert await holds(ground, ada, Place(ours), "notes:read")

    async def test_nothing_denied_here_is_denied_to_the_platform(self, ground: Ground, ours: OrganizationId) -> None:
        root, reader = await superuser(ground), await role(ground, ours, "notes:read")
        await granted(ground, ours, user(root), reader, effect="deny")

        assert await holds(ground, root, Place(ours), "notes:read")

    async def test_one_denial_among_everything_is_enough(self, ground: Ground, ours: OrganizationId) -> None:
        root, reader = await superuser(ground), await role(ground, PLATFORM, "notes:read")
        await granted(ground, PLATFORM, user(root), reader, effect="deny")

        assert not await holds(ground, root, Place(ours), "notes:read")
        assert not await holds(ground, root, Place(ours), "notes:*")
        assert not await holds(ground, root, Place(ours), "*")
        assert await holds(ground, root, Place(ours), "others:*")

    async def test_a4_gives_a_role_only_with_all_that_it_inherits(self, ground: Ground, ours: OrganizationId) -> None:
        ada, reader = await member(ground, ours), await role(ground, ours, "notes:read")
        writer = await role(ground, ours, "notes:write", inherits=(reader,))
        await granted(ground, ours, user(ada), await role(ground, ours, "notes:write"))

        assert not await gives(ground, ada, Place(ours), writer)
        assert not await gives(ground, ada, Place(ours), OWNER)
        await granted(ground, ours, user(ada), reader)
        assert await gives(ground, ada, Place(ours), writer)

    async def test_a4_holds_everything_of_a_subject_that_could_be_granted_anew(
        self, ground: Ground, ours: OrganizationId
    ) -> None:
        robot, ada = await account(ground, ours), await member(ground, ours)
        (note,) = await ground.resource(ours, "note")
        reader, writer = await role(ground, ours, "notes:read"), await role(ground, ours, "notes:write")
        await granted(ground, ours, robot.subject, reader, on=note, below=True, expires_at=NOW + HOUR)
        await granted(ground, ours, robot.subject, writer, condition=CONDITION)
        for more in ({"effect": "deny"}, {"expires_at": NOW}):
            await granted(ground, ours, robot.subject, await role(ground, ours, "notes:burn"), **more)

        assert not await holds_everything_of(ground, ada, ours, robot.subject)
        await granted(ground, ours, user(ada), reader, on=note, below=True, expires_at=NOW + HOUR)
        assert not await holds_everything_of(ground, ada, ours, robot.subject)
        mine = await granted(ground, ours, user(ada), writer, expires_at=NOW + HOUR)
        assert not await holds_everything_of(ground, ada, ours, robot.subject)
        async with ground.transaction() as ports:
            await ports.grants.remove(mine)
        await granted(ground, ours, user(ada), writer)
        assert await holds_everything_of(ground, ada, ours, robot.subject)

    async def test_a4_of_whom_nothing_is_granted_everybody_holds_everything(
        self, ground: Ground, ours: OrganizationId
    ) -> None:
        robot, ada = await account(ground, ours), await member(ground, ours)

        assert await holds_everything_of(ground, ada, ours, robot.subject)


async def holds_everything_of(
    ground: Ground, user_id: UserId, organization_id: OrganizationId, subject: Subject
) -> bool:
    """Return whether the person may act as the subject."""
    async with ground.transaction() as ports:
        try:
            await ports.authority.must_hold_everything_of(actor(user_id), organization_id, subject)
        except NotHeld:
            return False
        return True


async def _tree(ground: Ground, ours: OrganizationId) -> tuple[dict[str, Place], dict[str, ResourceId]]:
    """Make three resources, one in the other; return the places there are."""
    top = await ground.resource(ours, "top")
    middle = await ground.resource(ours, "middle", within=top)
    leaf = await ground.resource(ours, "leaf", within=middle)
    by_name = {"top": top[0], "middle": middle[0], "leaf": leaf[0]}
    places = {"all": Place(ours)}
    for name, resource_id in by_name.items():
        places[name] = Place(ours, resource_id)
        places[f"{name} below"] = Place(ours, resource_id, below=True)
    return places, by_name
