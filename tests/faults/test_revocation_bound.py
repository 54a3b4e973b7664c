"""What was revoked is refused by services that verify offline: at once, and within the bound whatever is cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis

from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from gatewright_verifier.revocations import unset_clock
from tests.support.http import Caller, once
from tests.support.pair import (
    Pair,
    Person,
    beside,
    change_the_password,
    deactivate,
    delete,
    issuer_of,
    log_out,
    log_out_everywhere_else,
    person,
    restart,
    reuse_a_refresh_token,
    revoke_the_session,
)
from tests.support.proxies import line
from tests.support.verifying import Verifying, Watched, verifying

pytestmark = pytest.mark.faults

BOUND: Final = 2.0
KEY: Final = """
WITH fact AS (
    INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, revokes)
    VALUES ($1, 'key', $1, 1, 'keys.key.removed', 1, '{}', $2::jsonb)
)
INSERT INTO revocations (scope, id, cutoff, expires_at) VALUES ('key', $3, now() + interval '1h', now() + interval '2h')
"""

COMMANDS: Final = [
    log_out,
    revoke_the_session,
    log_out_everywhere_else,
    change_the_password,
    deactivate,
    delete,
    reuse_a_refresh_token,
]


async def gone(watching: list[tuple[Verifying, int]], returned: float) -> None:
    """Wait until each refuses the token; none may have accepted it past the bound."""
    for process, number in watching:
        seen = await process.until(number, "refused")
        assert seen.last <= returned + BOUND, f"accepted {seen.last - returned:.3f} s later"
        assert not [at for at in seen.after if at > returned]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
async def test_e7_every_command_reaches_every_verifier(
    pair: Pair, command: Callable[[Pair, Person], Awaitable[None]]
) -> None:
    ada, eve = await person(pair), await person(pair)
    async with verifying(3, **await pair.settings()) as processes:
        watching = [(each, await each.watch(ada.tokens["access_token"])) for each in processes]
        others = [(each, await each.watch(eve.tokens["access_token"])) for each in processes]
        await command(pair, ada)
        await gone(watching, unset_clock())
        for process, number in others:
            await process.until(number, "accepted")


async def test_e7_tokens_of_an_organization_end_with_it_and_with_the_membership(pair: Pair) -> None:
    ada, bob = await person(pair), await person(pair)
    async with pair.caller(ada.tokens["access_token"]) as call:
        made = [
            (await call("POST", "/auth/organizations", {"name": "Acme", "slug": f"s{uuid7().hex[:30]}"})).json()["id"]
            for _ in range(2)
        ]
        minted = issuer_of(pair)

        def token(organization: str, user: Person) -> str:
            named = OrganizationId(UUID(organization))
            return minted.issue(UserId(UUID(user.id)), SessionId(uuid7()), named, 0)[0]

        async with pair.caller(await pair.known("superuser")) as root:
            joined = {"user_id": bob.id, "role": "member"}
            assert (await root("POST", f"/auth/organizations/{made[0]}/members", joined, once())).status == 201
        async with verifying(**await pair.settings()) as (process,):
            left = await process.watch(token(made[0], bob))
            stays = await process.watch(token(made[0], ada))
            deleted = await process.watch(token(made[1], ada))
            leaving = f"/auth/organizations/{made[0]}/members/{bob.id}"
            assert (await call("DELETE", leaving, headers=once())).status == 204
            await gone([(process, left)], unset_clock())
            assert (await call("DELETE", f"/auth/organizations/{made[1]}", headers=once())).status == 204
            await gone([(process, deleted)], unset_clock())
            await process.until(stays, "accepted")


class Stalls(Protocol):
    """What can be frozen."""

    def stall(self) -> None: ...

    def resume(self) -> None: ...


@asynccontextmanager
async def frozen(*all_: Stalls) -> AsyncIterator[float]:
    """Freeze servers or processes for as long as the block; yield when."""
    for each in all_:
        await asyncio.to_thread(each.stall)
    try:
        yield unset_clock()
    finally:
        for each in all_:
            await asyncio.to_thread(each.resume)


async def cut_off(process: Verifying, number: int, cut: float) -> Watched:
    """Wait until the process says that it cannot tell, which it has to within the bound."""
    seen = await process.until(number, "unavailable")
    assert seen.last <= cut + BOUND, f"accepted {seen.last - cut:.3f} s after the cut"
    return seen


async def test_e7_cut_off_from_a_frozen_issuer_it_refuses_within_the_bound(pair: Pair) -> None:
    ada, eve = await person(pair), await person(pair)
    async with verifying(3, **await pair.settings()) as processes:
        watching = [(each, await each.watch(ada.tokens["access_token"])) for each in processes]
        others = [(each, await each.watch(eve.tokens["access_token"])) for each in processes]
        async with frozen(pair.service.api) as cut:
            await log_out(pair, ada)
            for process, number in watching:
                await cut_off(process, number, cut)
        await gone(watching, cut)
        for process, number in others:
            await process.until(number, "accepted")


async def test_e7_cut_off_by_the_network_it_refuses_within_the_bound(pair: Pair) -> None:
    ada = await person(pair)
    async with line(f"http://127.0.0.1:{pair.service.port.number}") as wire:
        settings = await pair.settings(address=wire.url.replace("@", ""))
        async with verifying(**settings) as (process,):
            number = await process.watch(ada.tokens["access_token"])
            wire.freeze()
            cut = unset_clock()
            await log_out(pair, ada)
            await cut_off(process, number, cut)
            wire.thaw()
            await gone([(process, number)], cut)


async def test_fail_open_goes_on_past_the_bound_and_learns_afterwards(pair: Pair) -> None:
    ada = await person(pair)
    async with verifying(**await pair.settings(policy="fail-open"), echo=0.5) as (process,):
        number = await process.watch(ada.tokens["access_token"])
        async with frozen(pair.service.api) as cut:
            await log_out(pair, ada)
            await process.beyond(number, cut + BOUND + 0.5)
        assert not (await process.until(number, "refused")).after


async def test_introspection_takes_over_when_the_feed_is_cut(pair: Pair) -> None:
    ada, eve = await person(pair), await person(pair)
    # This credential may ask about tokens and not follow revocations: to the follower that is a cut.
    settings = await pair.settings(policy="introspect", credential=await pair.known("asker"))
    async with verifying(**settings, echo=0.5) as (process,):
        number = await process.watch(ada.tokens["access_token"])
        other = await process.watch(eve.tokens["access_token"])
        await log_out(pair, ada)
        await gone([(process, number)], returned := unset_clock())
        await process.beyond(other, returned + BOUND)
        async with frozen(pair.service.api) as cut:
            await cut_off(process, other, cut)


async def test_a_verifier_that_slept_accepts_nothing_from_before(pair: Pair) -> None:
    ada = await person(pair)
    async with verifying(**await pair.settings()) as (process,):
        number = await process.watch(ada.tokens["access_token"])
        async with frozen(process):
            await log_out(pair, ada)
            returned = unset_clock()
            while unset_clock() < returned + BOUND:  # noqa: ASYNC110 - this is the time that it sleeps
                await asyncio.sleep(0.05)
        await gone([(process, number)], returned)


@pytest.mark.parametrize("skew", [-300, 300])
async def test_clocks_that_differ_let_nobody_stay(pair: Pair, skew: int) -> None:
    ada = await person(pair)
    async with verifying(**await pair.settings(leeway=600, skew=skew)) as (process,):
        number = await process.watch(ada.tokens["access_token"])
        await log_out(pair, ada)
        await gone([(process, number)], unset_clock())


async def test_e7_without_redis_the_bound_holds(pair: Pair) -> None:
    redis = pair.service.stack.redis
    flushed, killed = await person(pair), await person(pair)
    async with verifying(**await pair.settings()) as (process,):
        one = await process.watch(flushed.tokens["access_token"])
        other = await process.watch(killed.tokens["access_token"])
        await log_out(pair, flushed)
        returned = unset_clock()
        async with Redis.from_url(redis.url) as client:
            await client.flushall()
        await gone([(process, one)], returned)
        await asyncio.to_thread(redis.kill)
        try:
            await log_out(pair, killed)
            await gone([(process, other)], unset_clock())
        finally:
            await asyncio.to_thread(redis.start)


async def test_t10_a_store_that_fails_while_revoking_is_no_success(pair: Pair) -> None:
    ada = await person(pair)
    postgres = pair.service.stack.postgres
    async with verifying(**await pair.settings()) as (process,):
        number = await process.watch(ada.tokens["access_token"])
        token = ada.tokens["access_token"]
        async with Caller(pair.port, token=token) as call, pair.service.caller(await pair.known()) as known:
            async with frozen(postgres) as cut:
                out = asyncio.create_task(call("POST", "/auth/logout"))
                form = {"content-type": "application/x-www-form-urlencoded"}
                asked = await known("POST", "/auth/introspect", headers=form, body=f"token={token}".encode())
                assert (asked.status, asked.code) == (503, "service.unavailable")
                assert (await out).status == 503
                await cut_off(process, number, cut)
            await process.until(number, "accepted")
        await log_out(pair, ada)
        returned = unset_clock()
        assert (await process.until(number, "refused")).last <= returned + BOUND


async def test_e7_tokens_end_with_their_key_and_so_does_the_credential_of_whoever_follows(pair: Pair) -> None:
    ada, kid = await person(pair), issuer_of(pair).keys.signing.kid
    marker = msgspec.json.encode([{"scope": "key", "id": kid, "cutoff": 2.0**33}]).decode()
    async with (
        beside(pair.service, REVOCATIONS_PUBLIC="true") as (_, port),
        verifying(**await pair.settings(address=f"http://127.0.0.1:{port}", credential=None)) as (open_,),
        verifying(**await pair.settings()) as (known,),
        pair.service.sql() as sql,
    ):
        told, dismissed = [await each.watch(ada.tokens["access_token"]) for each in (open_, known)]
        await sql.execute(KEY, uuid7(), marker, kid)
        try:
            committed = unset_clock()
            await gone([(open_, told)], committed)
            # Whether the question that is held back just then has the marker in its answer or is refused is a race.
            seen = await known.until(dismissed, "refused", "unavailable")
            assert seen.last <= committed + BOUND, f"accepted {seen.last - committed:.3f} s later"
        finally:
            await sql.execute("DELETE FROM revocations WHERE scope = 'key'")
            await restart(pair)
