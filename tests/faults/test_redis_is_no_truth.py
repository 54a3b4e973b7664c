"""Losing Redis, or everything in it, forgets nothing that keeps somebody out."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.postgres.families import RACE
from domain.identity.verification import FAILURES, SLOW
from tests.support.facts import until
from tests.support.http import Broken, Response
from tests.support.service import PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

EMAIL = "ada@example.org"
WRONG = "wrong horse battery staple"
BOUND = 2.0
"""Seconds within which a revocation is known everywhere (ADR 0007)."""


async def kill(service: Service) -> None:
    await asyncio.to_thread(service.stack.redis.kill)


async def flush(service: Service) -> None:
    async with Redis.from_url(service.stack.redis.url) as redis:
        await redis.flushall()


@pytest.fixture
async def limited(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    """Two processes that count attempts in Redis; a spent refresh token is never taken again."""
    async with deployed(stack, tmp_path, WORKERS="2", SIGN_IN_LIMIT="1000", REFRESH_GRACE_SECONDS="0") as made:
        yield made
        if not stack.redis.pids():
            await asyncio.to_thread(stack.redis.start)


@pytest.mark.parametrize("lose", [kill, flush])
async def test_f11_f16_s5_without_redis_nothing_is_forgotten(
    limited: Service, lose: Callable[[Service], Awaitable[None]]
) -> None:
    revoked = await limited.tokens(EMAIL)
    kept, spent = await limited.sign_in(EMAIL), await limited.sign_in(EMAIL)
    await limited.tokens("grace@example.org")
    async with limited.patient(revoked["access_token"], keeps=False) as call:
        assert (await call("POST", "/auth/logout")).status == 204
    successor = await refresh(limited, spent["refresh_token"])
    assert successor.status == 200
    for _ in range(10):
        assert (await sign_in(limited, "grace@example.org", WRONG)).status == 401
    await outlast_the_pauses(limited)
    await lose(limited)
    assert (await sign_in(limited, EMAIL, PASSWORD)).status == 200
    assert (await sign_in(limited, EMAIL, WRONG)).status == 401
    assert (await sign_in(limited, "grace@example.org", PASSWORD)).status == 401, "the lockout was forgotten"
    for _ in range(10):
        assert await status(limited, revoked["access_token"]) == 401
        assert await status(limited, kept["access_token"]) == 200
    assert (await refresh(limited, revoked["refresh_token"])).status == 401
    await outlive_the_race(limited)
    assert (await refresh(limited, spent["refresh_token"])).status == 401, "a spent token was taken again"
    assert (await refresh(limited, successor.json()["refresh_token"])).status == 401, "reuse did not end the session"
    await until(lambda: refused(limited, successor.json()["access_token"]), 60)


async def test_f16_e7_what_is_revoked_while_redis_is_away_is_refused_by_every_process(limited: Service) -> None:
    tokens = await limited.tokens(EMAIL)
    await kill(limited)
    async with limited.patient(tokens["access_token"], keeps=False) as call:
        assert (await call("POST", "/auth/logout")).status == 204
    returned, accepted = time.monotonic(), 0.0

    async def everywhere() -> bool:
        nonlocal accepted
        found = set[int]()
        async with limited.caller(tokens["access_token"], keeps=False) as call:
            for _ in range(40):
                asked = time.monotonic()
                found.add(answer := (await call("GET", "/auth/sessions")).status)
                accepted = asked if answer == 200 else accepted
        return found == {401} and time.monotonic() > returned + BOUND

    await until(everywhere)
    assert accepted <= returned + BOUND, f"accepted {accepted - returned:.3f} s later"


async def test_f16_s5_keycloak_cve_2026_9802_a_killed_api_remembers_what_was_revoked_and_spent(
    limited: Service,
) -> None:
    """Also when each token was spent: in memory, that would be forgotten by a restart."""
    gone, kept, spent = await limited.tokens(EMAIL), await limited.sign_in(EMAIL), await limited.sign_in(EMAIL)
    successor = (await refresh(limited, spent["refresh_token"])).json()
    await outlive_the_race(limited)
    async with limited.patient(gone["access_token"], keeps=False) as call:
        assert (await call("POST", "/auth/logout")).status == 204
    await flush(limited)
    await asyncio.to_thread(limited.api.kill)
    await asyncio.to_thread(limited.api.start)
    assert {await status(limited, gone["access_token"]) for _ in range(20)} == {401}
    assert {await status(limited, kept["access_token"]) for _ in range(20)} == {200}
    assert (await refresh(limited, gone["refresh_token"])).status == 401
    assert (await refresh(limited, spent["refresh_token"])).status == 401, "a spent token was taken again"
    assert (await refresh(limited, successor["refresh_token"])).status == 401, "reuse did not end the session"
    await until(lambda: refused(limited, successor["access_token"]), 60)


async def outlast_the_pauses(service: Service) -> None:
    """Let every guess count, also those that came in a pause of a second or two, which a slow machine would outlive."""
    async with service.sql() as sql:
        counted = await sql.execute("UPDATE sign_in_failures SET failures = $1 WHERE failures >= $2", FAILURES, SLOW)
        assert counted != "UPDATE 0"


async def outlive_the_race(service: Service) -> None:
    """Let every token that was spent have been spent long ago."""
    async with service.sql() as sql:
        await sql.execute(
            "UPDATE refresh_families SET rotations = ARRAY[rotations[1] - $1::interval] WHERE generation > 0", 2 * RACE
        )


async def sign_in(service: Service, email: str, password: str) -> Response:
    async with service.patient() as call:
        return await call("POST", "/auth/login", {"email": email, "password": password})


async def refresh(service: Service, token: str) -> Response:
    async with service.patient() as call:
        return await call("POST", "/auth/refresh", {"refresh_token": token})


async def status(service: Service, token: str) -> int:
    """Ask whichever process takes the connection."""
    async with service.patient(token, keeps=False) as call:
        return (await call("GET", "/auth/sessions")).status


async def refused(service: Service, token: str) -> bool:
    try:
        return {await status(service, token) for _ in range(10)} == {401}
    except Broken:
        return False
