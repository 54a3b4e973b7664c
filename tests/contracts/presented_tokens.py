"""What every `PresentedTokens` promises."""

import pytest

from domain.sessions.models import ended, revoked
from domain.sessions.ports import PresentedToken, Rotation
from tests.contracts.people import LIFETIMES, Ground, added, started
from tests.contracts.sessions import end


class PresentedTokensContract:
    """Subclasses provide the fixture `ground`."""

    async def test_t8_a_refresh_token_stands_for_its_session(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))
        await started(ground, await added(ground, "eve@example.com"))

        assert await ground.presented.read(token) == PresentedToken(session.id, None)

    async def test_t8_a_spent_one_and_its_successor_stand_for_it_too(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))
        found = await ground.families.rotate(token)
        assert isinstance(found, Rotation)

        for each in (token, found.refresh_token):
            assert await ground.presented.read(each) == PresentedToken(session.id, None)

    async def test_t8_an_access_token_stands_for_itself(self, ground: Ground) -> None:
        session, _ = await started(ground, await added(ground))
        other, _ = await started(ground, await added(ground, "eve@example.com"))

        found = await ground.presented.read(ground.access_token(session))
        theirs = await ground.presented.read(ground.access_token(other))

        assert found is not None
        assert found.access is not None
        assert theirs is not None
        assert theirs.access is not None
        assert (found.session_id, theirs.session_id) == (session.id, other.id)
        assert found.access.token_id != theirs.access.token_id
        assert found.access.expires_at > ground.now()

    async def test_t8_what_ended_stands_for_nothing(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))
        access = ground.access_token(session)

        await end(ground, session)
        await ground.hear(ended(session.id, ground.now(), LIFETIMES.access))

        assert await ground.presented.read(token) is None
        assert await ground.presented.read(access) is None

    async def test_t8_an_access_token_that_was_revoked_stands_for_nothing_and_its_session_goes_on(
        self, ground: Ground
    ) -> None:
        session, token = await started(ground, await added(ground))
        access = ground.access_token(session)
        found = await ground.presented.read(access)
        assert found is not None
        assert found.access is not None

        await ground.hear(revoked(found.access.token_id, found.access.expires_at))

        assert await ground.presented.read(access) is None
        assert await ground.presented.read(token) == PresentedToken(session.id, None)

    async def test_i12_tells_whose_it_is_by_the_token_alone(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))
        _, other = await started(ground, await added(ground, "eve@example.com"))
        access, family = ground.access_token(session), ground.presented.whose(token)
        assert family is not None
        assert family not in (session.id, ground.presented.whose(other))

        await end(ground, session)
        await ground.hear(ended(session.id, ground.now(), LIFETIMES.access))

        assert (ground.presented.whose(access), ground.presented.whose(token)) == (session.id, family)
        assert ground.families.whose(token) == family
        for made_up in ("", "gwr_" + "A" * 78, "a.b.c", "x" + access, token.upper()):
            assert ground.presented.whose(made_up) is None
            assert ground.families.whose(made_up) is None

    @pytest.mark.parametrize(
        "text", ["", "x", "gwr_", "gwr_" + "A" * 78, "a.b.c", "\u0445" * 82, "\x00", "gwr_" + "é" * 78]
    )
    async def test_t8_any_other_text_stands_for_nothing(self, ground: Ground, text: str) -> None:
        assert await ground.presented.read(text) is None

    async def test_t4_a_token_that_was_altered_stands_for_nothing(self, ground: Ground) -> None:
        session, token = await started(ground, await added(ground))

        for each in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.upper(), f"{token} ", f"Bearer {token}"):
            assert await ground.presented.read(each) is None
        access = ground.access_token(session)
        assert await ground.presented.read("x" + access) is None
