"""Revoking tokens."""

import pytest
from dishka import Provider, Scope

from core.redis.client import redis_clients
from core.redis.limits import RedisLimits
from domain.kernel.access import Origin
from domain.kernel.errors import InvalidToken, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.revocation import RevocationScope
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.revoke_token import ONE_BY_ONE, RevokeToken
from domain.sessions.errors import RefreshRefused
from domain.sessions.policies import TokenPolicy
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App
from tests.support.nginx import free_port


def ended(app: App) -> list[str]:
    return [fact.type for fact in app.facts if fact.aggregate_type == "session"][1:]


async def test_t8_a_refresh_token_ends_its_session(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    await app.send(RevokeToken(token=mine.refresh_token))

    assert ended(app) == ["sessions.session.revoked"]
    assert app.facts[-1].data["reason"] == "revoked"
    assert list(app.memory.revocations) == [(RevocationScope.SESSION, str(mine.session_id))]
    with pytest.raises(InvalidToken):
        await app.send(ListSessions(), as_=mine)
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=mine.refresh_token))


async def test_t8_a_spent_refresh_token_ends_its_session_too(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    fresh = await app.send(RefreshSession(refresh_token=mine.refresh_token))

    await app.send(RevokeToken(token=mine.refresh_token))

    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=fresh.refresh_token))


async def test_t8_an_access_token_ends_itself_and_not_the_session(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    await app.send(RevokeToken(token=mine.access_token))

    assert ended(app) == ["sessions.session.access_token_revoked"]
    ((scope, _),) = app.memory.revocations
    assert scope == RevocationScope.TOKEN
    with pytest.raises(InvalidToken):
        await app.send(ListSessions(), as_=mine)
    assert await app.send(RefreshSession(refresh_token=mine.refresh_token))


async def test_a_marker_of_a_token_stops_it_until_it_has_expired(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()

    await app.send(RevokeToken(token=mine.access_token))

    (marker,) = app.memory.revocations.values()
    assert marker.cutoff
    assert app.clock.now() < marker.cutoff < marker.expires_at


@pytest.mark.parametrize("token", ["garbage", "gwr_" + "A" * 78, "a.b.c", "\u0430" * 82])
async def test_t8_what_is_none_of_ours_changes_nothing(app: App, token: str) -> None:
    await app.signed_up()
    await app.signed_in()
    facts, audited = list(app.facts), list(app.audited)

    await app.send(RevokeToken(token=token))

    assert (app.facts, app.audited) == (facts, audited)


async def test_t8_twice_is_as_good_as_once(app: App) -> None:
    await app.signed_up()
    mine = await app.signed_in()
    for _ in range(2):
        await app.send(RevokeToken(token=mine.refresh_token))
    await app.send(RevokeToken(token=mine.access_token))

    assert ended(app) == ["sessions.session.revoked"]


async def test_i12_made_up_tokens_keep_nobody_behind_the_same_address_from_revoking_theirs() -> None:
    app = App(tokens=TokenPolicy(revocations_per_minute=1))
    await app.signed_up()
    here = Origin("192.0.2.1")
    first, second = await app.signed_in(origin=here), await app.signed_in(origin=here)
    await app.send(RevokeToken(token="garbage"), origin=here)

    await app.send(RevokeToken(token=first.access_token), origin=here)
    await app.send(RevokeToken(token=second.refresh_token), origin=here)

    assert ended(app) == [
        "sessions.session.started",
        "sessions.session.access_token_revoked",
        "sessions.session.revoked",
    ]
    with pytest.raises(TooManyRequests):
        await app.send(RevokeToken(token=first.access_token), origin=here)


async def test_i12_a_network_presents_so_many_made_up_ones_a_minute() -> None:
    app = App(tokens=TokenPolicy(revocations_per_minute=1))
    await app.send(RevokeToken(token="garbage"), origin=Origin("2001:db8:1:1::1"))

    with pytest.raises(TooManyRequests):
        await app.send(RevokeToken(token="garbage"), origin=Origin("2001:db8:1:1::2"))
    await app.send(RevokeToken(token="garbage"), origin=Origin("2001:db8:1:2::1"))


async def test_e16_without_redis_no_number_of_revoked_access_tokens_ends_their_session() -> None:
    clients = redis_clients(f"redis://127.0.0.1:{free_port()}")
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: RedisLimits(clients.requests, b"s" * 32, share=4), provides=Limits)
    app = App(more=(provider,))
    await app.signed_up()
    mine = await app.signed_in()
    for _ in range(ONE_BY_ONE + 1):
        mine = await app.send(RefreshSession(refresh_token=mine.refresh_token))
        await app.send(RevokeToken(token=mine.access_token))
    await clients.close()

    assert ended(app) == ["sessions.session.access_token_revoked"] * (ONE_BY_ONE + 1)
    assert await app.send(RefreshSession(refresh_token=mine.refresh_token))


async def test_a_session_of_which_many_access_tokens_are_revoked_ends_with_the_next(app: App) -> None:
    await app.signed_up()
    mine, other = await app.signed_in(), await app.signed_in()
    for _ in range(ONE_BY_ONE):
        mine = await app.send(RefreshSession(refresh_token=mine.refresh_token))
        await app.send(RevokeToken(token=mine.access_token))
    mine = await app.send(RefreshSession(refresh_token=mine.refresh_token))
    await app.send(RevokeToken(token=mine.access_token))

    assert ended(app)[-1] == "sessions.session.revoked"
    with pytest.raises(RefreshRefused):
        await app.send(RefreshSession(refresh_token=mine.refresh_token))
    await app.send(RevokeToken(token=other.access_token))
    assert ended(app)[-1] == "sessions.session.access_token_revoked"
