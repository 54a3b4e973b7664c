"""What every `RefreshFamilies` promises."""

from asyncio import gather
from datetime import timedelta

import pytest

from core.postgres.families import RACE
from domain.sessions.errors import RefreshRefused
from domain.sessions.ports import Reuse, Rotation
from tests.contracts.people import GRACE, IDLE, LIFETIMES, Ground, added, change, started

LATE = GRACE + timedelta(seconds=1)


async def successor(ground: Ground, token: str) -> str:
    """Spend `token`; return the token that lives now."""
    found = await ground.families.rotate(token)
    assert isinstance(found, Rotation)
    return found.refresh_token


class RefreshFamiliesContract:
    """Subclasses provide the fixture `ground`, whose grace is `GRACE`."""

    async def test_each_token_has_another_successor(self, ground: Ground) -> None:
        _, token = await started(ground, await added(ground))
        chain = [token]
        for _ in range(12):
            chain.append(await successor(ground, chain[-1]))

        assert len(set(chain)) == 13

    async def test_within_the_grace_a_spent_token_gives_the_live_one(self, ground: Ground) -> None:
        _, first = await started(ground, await added(ground))
        second = await successor(ground, first)

        assert await successor(ground, first) == second
        third = await successor(ground, second)
        assert await successor(ground, first) == third

    async def test_after_the_grace_it_is_a_reuse(self, ground: Ground) -> None:
        session, first = await started(ground, await added(ground))
        second = await successor(ground, first)
        await ground.pass_by(LATE)

        assert await ground.families.rotate(first) == Reuse(session.id)
        assert await successor(ground, second)

    async def test_the_grace_of_a_token_ends_however_often_its_successors_are_spent(self, ground: Ground) -> None:
        session, first = await started(ground, await added(ground))
        second = await successor(ground, first)
        await ground.pass_by(LATE)
        await successor(ground, second)

        assert await ground.families.rotate(first) == Reuse(session.id)

    async def test_a_token_of_long_ago_is_a_reuse(self, ground: Ground) -> None:
        session, first = await started(ground, await added(ground))
        live = first
        for _ in range(10):
            live = await successor(ground, live)

        assert await ground.families.rotate(first) == Reuse(session.id)

    @pytest.mark.parametrize("lost", [1, 2, 9, 11])
    async def test_a_token_whose_making_was_lost_is_no_reuse(self, ground: Ground, lost: int) -> None:
        session, live = await started(ground, await added(ground))
        for _ in range(11):
            live = await successor(ground, live)
        await ground.lose(session.id, lost)

        found = await gather(*(ground.families.rotate(live) for _ in range(3)))

        (again,) = {each.refresh_token for each in found if isinstance(each, Rotation)}
        assert await successor(ground, again) not in (live, again)

    async def test_o5_of_two_who_have_what_was_lost_the_later_one_has_a_copy(self, ground: Ground) -> None:
        session, first = await started(ground, await added(ground))
        second = await successor(ground, first)
        third = await successor(ground, second)
        await ground.lose(session.id, 2)
        stolen = await successor(ground, second)
        fourth = await successor(ground, third)
        assert stolen == third
        await ground.pass_by(LATE)

        for token in (first, second, stolen):
            assert await ground.families.rotate(token) == Reuse(session.id)
        assert await successor(ground, fourth)

    async def test_o4_what_was_lost_opens_no_session_that_has_ended(self, ground: Ground) -> None:
        session, live = await started(ground, await added(ground))
        for _ in range(3):
            live = await successor(ground, live)
        await ground.lose(session.id, 2)
        async with ground.transaction() as ports:
            found = await ports.sessions.live(session.id)
            found.revoked_at = ground.now()
            await ports.sessions.end(found)

        with pytest.raises(RefreshRefused):
            await ground.families.rotate(live)

    async def test_o5_in_strict_mode_one_of_several_at_once_succeeds_and_keeps_what_it_got(
        self, ground: Ground
    ) -> None:
        _, first = await started(ground, await added(ground))
        found = await gather(*(ground.strict.rotate(first) for _ in range(5)), return_exceptions=True)

        (won,) = [each for each in found if isinstance(each, Rotation)]
        assert [type(each) for each in found if each is not won] == [RefreshRefused] * 4
        assert isinstance(await ground.strict.rotate(won.refresh_token), Rotation)

    async def test_o5_in_strict_mode_whoever_comes_later_has_a_copy(self, ground: Ground) -> None:
        session, first = await started(ground, await added(ground))
        await ground.strict.rotate(first)
        await ground.pass_by(RACE + timedelta(seconds=1))

        assert await ground.strict.rotate(first) == Reuse(session.id)

    async def test_refuses_when_the_session_has_run_out(self, ground: Ground) -> None:
        _, token = await started(ground, await added(ground))
        await ground.pass_by(LIFETIMES.refresh)

        with pytest.raises(RefreshRefused):
            await ground.families.rotate(token)

    async def test_s6_refuses_when_the_session_was_idle_for_too_long(self, ground: Ground) -> None:
        families, lists = ground.idling
        session, token = await started(ground, user := await added(ground))
        for _ in range(3):
            await ground.pass_by(IDLE - timedelta(minutes=1))
            found = await families.rotate(token)
            assert isinstance(found, Rotation)
            token = found.refresh_token
            assert abs(found.expires_at - ground.now() - IDLE) < timedelta(minutes=1)
        (shown,) = await lists.list(user.id, session.id, None, 10)
        assert shown.expires_at - shown.last_seen_at == IDLE
        await ground.pass_by(IDLE)

        assert await lists.list(user.id, session.id, None, 10) == []
        with pytest.raises(RefreshRefused):
            await families.rotate(token)
        assert isinstance(await ground.families.rotate(token), Rotation)

    async def test_s6_refuses_a_session_that_was_never_refreshed(self, ground: Ground) -> None:
        _, token = await started(ground, await added(ground))
        await ground.pass_by(IDLE)

        with pytest.raises(RefreshRefused):
            await ground.idling[0].rotate(token)

    async def test_o4_refuses_the_deactivated_without_calling_it_a_reuse(self, ground: Ground) -> None:
        _, first = await started(ground, user := await added(ground))
        second = await successor(ground, first)
        await ground.pass_by(LATE)
        await change(ground, user.id, is_active=False)

        for token in (first, second):
            with pytest.raises(RefreshRefused):
                await ground.families.rotate(token)

    async def test_o4_refuses_when_the_person_is_gone(self, ground: Ground) -> None:
        _, token = await started(ground, user := await added(ground))
        async with ground.transaction() as ports:
            await ports.users.remove(await ports.users.get(user.id))

        with pytest.raises(RefreshRefused):
            await ground.families.rotate(token)

    async def test_gives_the_epoch_of_now(self, ground: Ground) -> None:
        _, token = await started(ground, user := await added(ground))
        await change(ground, user.id, epoch=5)

        found = await ground.families.rotate(token)

        assert isinstance(found, Rotation)
        assert found.epoch == 5

    @pytest.mark.parametrize("made_up", ["", "gwr_", "gwr_" + "A" * 78, "\u0430" * 82])
    async def test_refuses_what_nobody_made(self, ground: Ground, made_up: str) -> None:
        with pytest.raises(RefreshRefused):
            await ground.families.rotate(made_up)
