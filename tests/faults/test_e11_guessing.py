"""Guessing one password, as fast as can be: a right guess past the limit opens nothing."""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.faults.test_stalls import Record, people
from tests.support.facts import until
from tests.support.http import Broken
from tests.support.service import LONG, PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

GUESSES: Final = 10_000 if LONG else 230
CONNECTIONS: Final = 8
DEVICES: Final = 30
MOST: Final = 100
"""Guesses that are judged within a quarter of an hour, from however many networks."""
JUDGED: Final = "SELECT failures FROM sign_in_failures WHERE account = (SELECT id FROM users WHERE email = $1) || '@*'"


@dataclass
class Guessing:
    """What those who guess have in common."""

    email: str
    password: str = PASSWORD
    devices: list[str] = field(default_factory=list)
    """Device tokens of a time when the password was another one, which they knew."""
    numbers: "count[int]" = field(default_factory=count)
    halfway: asyncio.Event = field(default_factory=asyncio.Event)
    full: asyncio.Event = field(default_factory=asyncio.Event)


async def guess(service: Service, guessing: Guessing, right: int) -> list[int]:
    """Guess until enough was guessed; return the statuses.

    Once as many as there may be were judged, those whose numbers are multiples of `right` are right.
    """
    email, full = guessing.email, guessing.full
    statuses = []
    async with service.caller(keeps=False, patience=120) as call:
        while (number := next(guessing.numbers)) < GUESSES:
            if number == GUESSES // 2:
                guessing.halfway.set()
            right_one = full.is_set() and not number % right
            body = {"email": email, "password": guessing.password if right_one else f"wrong {number}"}
            headers = {
                "x-forwarded-for": f"203.{number // 250 % 250}.{number % 250}.{random.randint(1, 250)}",
                "user-agent": f"guesser/{number}",
            }
            if guessing.devices:
                headers["device-token"] = guessing.devices[number % len(guessing.devices)]
            try:
                statuses.append((await call("POST", "/auth/login", body, headers)).status)
            except Broken:
                statuses.append(0)
    return statuses


async def watch(service: Service, email: str, most: int, full: asyncio.Event) -> None:
    """Tell once so many guesses were judged: what meets 503 is none."""
    async with service.sql() as connection:

        async def enough() -> bool:
            return (await connection.fetchval(JUDGED, email) or 0) >= most

        await until(enough, 3600)
        full.set()


async def known_once(service: Service, guessing: Guessing) -> None:
    """Let whoever guesses sign in often, before the owner chooses another password."""
    tokens = [await service.sign_in(guessing.email) for _ in range(DEVICES)]
    guessing.devices = [str(each["device_token"]) for each in tokens]
    change = {"current_password": PASSWORD, "new_password": "another correct horse battery"}
    async with service.caller(tokens[0]["access_token"]) as call:
        assert (await call("POST", "/auth/password/change", change)).status == 200
    guessing.password = change["new_password"]


@pytest.mark.parametrize(
    ("trusted", "redis", "knew"),
    [("", "kept", False), ("127.0.0.1", "kept", False), ("127.0.0.1", "killed", False), ("127.0.0.1", "kept", True)],
    ids=[
        "one network",
        "a network for each guess",
        "a network for each guess, and Redis dies",
        "a network for each guess, and devices that knew the password",
    ],
)
async def test_e11_p9_nobody_guesses_more_than_a_hundred_times(
    stack: Stack, tmp_path: Path, record_property: Record, trusted: str, redis: str, *, knew: bool
) -> None:
    async with deployed(
        stack, tmp_path, WORKERS="2", TRUSTED_PROXIES=trusted, ARGON2_MEMORY="7168", ARGON2_PASSES="5"
    ) as service:
        await people(service, 1)
        async with service.sql() as connection:
            email = str(await connection.fetchval("SELECT email FROM users WHERE email NOT LIKE 'root%' LIMIT 1"))
        shared = Guessing(email)
        if knew:
            await known_once(service, shared)
        halfway, full = shared.halfway, shared.full
        guessing = [asyncio.create_task(guess(service, shared, 7)) for _ in range(CONNECTIONS)]
        watching = asyncio.create_task(watch(service, email, MOST if trusted else 10, full))
        try:
            if redis == "killed":
                await halfway.wait()
                await asyncio.to_thread(stack.redis.kill)
            statuses = [status for each in await asyncio.gather(*guessing) for status in each]
        finally:
            watching.cancel()
            if redis == "killed":
                await asyncio.to_thread(stack.redis.start)
        # From one network the pauses may leave no time for as many.
        assert full.is_set() or not trusted, "nobody guessed right when it mattered"
        async with service.sql() as connection:
            judged = await connection.fetchval(JUDGED, email)
        record_property("judged", judged)
        record_property("statuses", str({each: statuses.count(each) for each in {*statuses}}))
        assert len(statuses) == GUESSES
        assert 200 not in statuses
        assert set(statuses) <= {401, 429, 503}
        # From other networks what was under way when the last one was counted is counted too, and opens nothing either.
        assert judged <= (MOST + CONNECTIONS if trusted else 10)
