"""What every `Sessions`, `SessionEnding` and `SessionLists` promises."""

from datetime import timedelta

import pytest

from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.revocation import SLACK, Marker, RevocationScope
from domain.sessions.errors import RefreshRefused, SessionNotFound, SignInOvertaken
from domain.sessions.models import Session
from domain.sessions.ports import Rotation, SessionPlace
from tests.contracts.people import LIFETIMES, Ground, added, change, discarded, live, session_of, started

LONG_AGO = LIFETIMES.refresh + LIFETIMES.access + timedelta(minutes=1)
JUST_NOW = LIFETIMES.refresh + LIFETIMES.access / 2


async def end(ground: Ground, session: Session) -> None:
    """End a session, as a command does."""
    async with ground.transaction() as ports:
        found = await ports.sessions.live(session.id)
        found.end(ground.now(), LIFETIMES.access)
        found.version += 1
        await ports.sessions.end(found)


class SessionsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_starts_a_session_whose_first_token_can_be_spent(self, ground: Ground) -> None:
        user = await added(ground)

        session, token = await started(ground, user, user_agent="Firefox", address="192.0.2.1")

        spent = await ground.families.rotate(token)
        assert isinstance(spent, Rotation)
        assert (spent.session_id, spent.user_id, spent.epoch) == (session.id, user.id, 1)
        assert (spent.expires_at, spent.authenticated_at) == (session.expires_at, session.created_at)
        assert list(spent.factors) == ["pwd"]

    async def test_starts_none_under_an_epoch_of_before(self, ground: Ground) -> None:
        user = await added(ground)
        await change(ground, user.id, epoch=2)

        with pytest.raises(SignInOvertaken):
            await started(ground, user)

        assert await live(ground, user) == []

    async def test_starts_none_for_the_deactivated_or_for_nobody(self, ground: Ground) -> None:
        user = await added(ground)
        await change(ground, user.id, is_active=False)

        with pytest.raises(SignInOvertaken):
            await started(ground, user)
        user.id = UserId(uuid7())
        with pytest.raises(SignInOvertaken):
            await started(ground, user)

    async def test_finds_a_session_until_it_ends(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))
        await end(ground, session)

        for gone in (session.id, SessionId(uuid7())):
            with pytest.raises(SessionNotFound):
                async with ground.transaction() as ports:
                    await ports.sessions.live(gone)
        with pytest.raises(RefreshRefused):
            await ground.families.rotate(token)

    async def test_finds_the_others_that_have_not_ended(self, ground: Ground) -> None:
        user, eve = await added(ground), await added(ground, "eve@example.com")
        mine, one, two = [(await started(ground, user))[0] for _ in range(3)]
        await started(ground, eve)
        await end(ground, two)

        async with ground.transaction() as ports:
            found = await ports.sessions.of(user.id, but=mine.id)

            everything = await ports.sessions.of(user.id)

        assert [each.id for each in found] == [one.id]
        assert {each.id for each in everything} == {mine.id, one.id}

    @pytest.mark.parametrize(("age", "number"), [(JUST_NOW, 1), (LONG_AGO, 0)])
    async def test_one_that_ran_out_counts_while_its_access_tokens_live(
        self, ground: Ground, age: timedelta, number: int
    ) -> None:
        user = await added(ground)
        await started(ground, user)
        await ground.pass_by(age)
        mine, _ = await started(ground, user)

        async with ground.transaction() as ports:
            assert len(await ports.sessions.of(user.id, but=mine.id)) == number


class SessionEndingContract:
    """Subclasses provide the fixture `ground`."""

    async def test_ends_every_one_by_epoch(self, ground: Ground) -> None:
        user, eve = await added(ground), await added(ground, "eve@example.com")
        _, token = await started(ground, user)
        theirs, _ = await started(ground, eve)

        async with ground.transaction() as ports:
            markers = await ports.ending.end_all(user.id, 2, now := ground.now())

        outlived = now + LIFETIMES.access + SLACK
        assert markers == [Marker(RevocationScope.USER, str(user.id), expires_at=outlived, epoch=2)]
        assert await live(ground, user) == []
        assert await live(ground, eve) == [theirs.id]
        with pytest.raises(RefreshRefused):
            await ground.families.rotate(token)

    async def test_ends_nothing_if_the_command_is_discarded(self, ground: Ground) -> None:
        user = await added(ground)
        mine, token = await started(ground, user)

        async with discarded(ground) as ports:
            await ports.ending.end_all(user.id, 2, ground.now())

        assert await live(ground, user) == [mine.id]
        assert isinstance(await ground.families.rotate(token), Rotation)


class SessionListsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_shows_a_session(self, ground: Ground) -> None:
        session, _ = await started(ground, user := await added(ground), user_agent="Firefox", address="192.0.2.1")

        (shown,) = await ground.session_lists.list(user.id, session.id, None, 10)

        assert (shown.id, shown.user_agent, shown.address) == (session.id, "Firefox", "192.0.2.1")
        assert (shown.factors, shown.current) == (["pwd"], True)
        assert shown.created_at == shown.last_seen_at == session.created_at
        assert shown.expires_at == session.expires_at

    async def test_tells_what_the_last_sessions_began_with(self, ground: Ground) -> None:
        user, other = await added(ground), await added(ground, "other@example.com")
        await started(ground, other, user_agent="Safari", address="203.0.113.1")
        for address, agent in (("192.0.2.1", "Firefox"), ("192.0.2.2", None), (None, "curl")):
            await started(ground, user, user_agent=agent, address=address)
            await ground.pass_by(timedelta(minutes=1))
        async with ground.transaction() as ports:
            await ports.ending.end_all(user.id, 2, ground.now())

        found = await ground.session_lists.sources(user.id, 2)

        assert list(found) == [(None, "curl"), ("192.0.2.2", None)]

    async def test_shows_when_it_was_last_refreshed(self, ground: Ground) -> None:
        session, token = await started(ground, user := await added(ground))
        await ground.pass_by(timedelta(hours=1))
        await ground.families.rotate(token)

        (shown,) = await ground.session_lists.list(user.id, session.id, None, 10)

        assert shown.last_seen_at - shown.created_at >= timedelta(hours=1)

    async def test_shows_where_it_was_last_refreshed_from(self, ground: Ground) -> None:
        session, token = await started(ground, user := await added(ground), address="192.0.2.1")
        (before,) = await ground.session_lists.list(user.id, session.id, None, 10)
        seen = [before.last_address]
        for address in ("198.51.100.7", "2001:db8::1", None):
            found = await ground.families.rotate(token, address)
            assert isinstance(found, Rotation)
            token = found.refresh_token
            (shown,) = await ground.session_lists.list(user.id, session.id, None, 10)
            seen.append(shown.last_address)

        assert seen == ["192.0.2.1", "198.51.100.7", "2001:db8::1", "2001:db8::1"]
        assert shown.address == "192.0.2.1"

    async def test_leaves_out_what_has_run_out(self, ground: Ground) -> None:
        await started(ground, user := await added(ground))
        await ground.pass_by(LIFETIMES.refresh)

        assert await live(ground, user) == []

    async def test_pages_the_newest_first_and_those_of_one_moment_in_one_order(self, ground: Ground) -> None:
        user = await added(ground)
        now = ground.now()
        made = []
        for number in range(5):
            session = session_of(ground, user, created_at=now + timedelta(seconds=number // 2))
            async with ground.transaction() as ports:
                await ports.sessions.start(session, 1)
            made.append(session)
        expected = [each.id for each in sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)]

        for most in (1, 2, 4, 10):
            seen: list[SessionId] = []
            place = None
            while page := await ground.session_lists.list(user.id, made[0].id, place, most):
                seen += [each.id for each in page]
                place = SessionPlace(page[-1].created_at, page[-1].id)
            assert seen == expected
