"""Keys rotate, and one is removed, while several processes sign and verify."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest

from core.keys import SetupToken
from core.secrets import Secrets
from tests.faults.test_stalls import Record
from tests.support.facts import until
from tests.support.http import Broken, Caller, Stale
from tests.support.patient import unsure
from tests.support.service import LONG, PASSWORD, SECRET, Service, Stack, deployed

pytestmark = pytest.mark.faults

LIFE = 60
"""Seconds that access tokens live."""
ROTATIONS = 15 if LONG else 3
BOUND = 2.0
"""Seconds within which a revocation is known everywhere (ADR 0007)."""
RETIRED = "SELECT count(*) FROM outbox WHERE type = 'keys.key.retired'"
ROTATED = f"SELECT ({RETIRED}) + (SELECT count(*) FROM events WHERE type = 'keys.key.retired')"


@dataclass
class Verifier:
    """Another service: it knows the published set alone, keeps it as long as it is told, and never asks earlier."""

    call: Caller
    issuer: str
    fetches: int = 0
    _set: dict[str, Any] = field(default_factory=dict)
    _until: float = 0.0
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self, token: str) -> None:
        """Verify `token` with a library that is not ours, or raise."""
        async with self._one:
            if time.monotonic() >= self._until:
                await self._fetch()
        key = self._set[str(jwt.get_unverified_header(token)["kid"])]
        jwt.decode(token, key.key, [key.algorithm_name], audience="gatewright", issuer=self.issuer)

    async def _fetch(self) -> None:
        # What is kept ages from when it was asked for: RFC 9111, section 4.2.3.
        asked = time.monotonic()
        answer = await self.call("GET", "/.well-known/jwks.json")
        assert answer.status == 200, answer
        self._set = {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(answer.json()).keys}
        kept = answer.headers["cache-control"].rpartition("max-age=")[2]
        self._until = asked + float(kept)
        self.fetches += 1


@dataclass
class Crowd:
    """People who refresh, and services that verify what they were given, the newest and the oldest tokens alike."""

    service: Service
    verified: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    kids: Counter[str] = field(default_factory=Counter)
    oldest: float = 0.0
    """Seconds since the oldest token was made that was still verified."""

    @asynccontextmanager
    async def running(self, people: int) -> AsyncIterator[None]:
        """Go on for as long as the block."""
        stop = asyncio.Event()
        signed_in = [await self.service.tokens(f"{number}@example.org") for number in range(people)]
        verifier = Verifier(self.service.patient(), f"http://127.0.0.1:{self.service.port.number}")
        tasks = [asyncio.create_task(self._live(tokens, verifier, stop)) for tokens in signed_in]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            self.verified["fetches"] = verifier.fetches

    async def _live(self, tokens: dict[str, Any], verifier: Verifier, stop: asyncio.Event) -> None:
        async with self.service.patient(keeps=False) as call:
            held: list[tuple[float, str]] = []
            while not stop.is_set():
                asked = {"refresh_token": tokens["refresh_token"]}
                answer = await _patiently(call, "POST", "/auth/refresh", asked)
                if answer.status != 200:
                    self.failures.append(f"refresh: {answer.status} {answer.code}")
                    return
                tokens = answer.json()
                held.append((time.time(), tokens["access_token"]))
                self.kids[jwt.get_unverified_header(tokens["access_token"])["kid"]] += 1
                # Whole seconds are cut off of `exp`, and the question takes a moment, which a stall makes a long one.
                held = [(at, token) for at, token in held if at + LIFE - 10 > time.time()]
                for at, token in {held[0], held[len(held) // 2], held[-1]}:
                    await self._verify(call, verifier, at, token)
                await asyncio.sleep(0.05)

    async def _verify(self, call: Caller, verifier: Verifier, at: float, token: str) -> None:
        answer = await _patiently(call, "GET", "/auth/me", None, {"authorization": f"Bearer {token}"})
        self.verified["here"] += 1
        if answer.status != 200:
            self.failures.append(f"/auth/me: {answer.status} {answer.code} after {time.time() - at:.1f} s")
        try:
            await verifier.verify(token)
            self.verified["elsewhere"] += 1
            self.oldest = max(self.oldest, time.time() - at)
        except (KeyError, jwt.InvalidTokenError) as error:
            self.failures.append(f"elsewhere: {error!r} after {time.time() - at:.1f} s")


async def _patiently(call: Caller, method: str, path: str, value: Any, headers: dict[str, str] | None = None) -> Any:
    try:
        return await call(method, path, value, headers)
    except Stale:
        return await call(method, path, value, headers)


async def _count(service: Service, query: str) -> int:
    async with service.sql() as connection:
        return int(await connection.fetchval(query))


@pytest.fixture
async def rotating(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    """Two processes that answer and two workers, who rotate as soon as every verifier has the next key."""
    days, life = str(1 / 86_400), str(LIFE)
    async with deployed(
        stack, tmp_path, WORKERS="2", JWKS_SECONDS="3", KEY_ROTATION_DAYS=days, ACCESS_TOKEN_SECONDS=life
    ) as service:
        for _ in range(2):
            await asyncio.to_thread(service.hire)
        yield service


async def test_t7_keys_rotate_under_load_without_a_failed_verification(
    rotating: Service, record_property: Record
) -> None:
    crowd = Crowd(rotating)

    async def rotated() -> bool:
        return await _count(rotating, ROTATED) >= before + ROTATIONS

    async with crowd.running(people=8):
        before = await _count(rotating, ROTATED)
        await until(rotated, 40 + 20 * ROTATIONS)
    record_property("rotations", await _count(rotating, ROTATED) - before)
    record_property("verified", dict(crowd.verified))
    record_property("oldest", round(crowd.oldest, 1))
    assert crowd.failures == []
    assert len(crowd.kids) >= ROTATIONS
    assert crowd.verified["elsewhere"] > 100
    if LONG:
        assert crowd.oldest > LIFE - 15


async def test_a_stolen_key_is_refused_everywhere_within_the_bound(rotating: Service, record_property: Record) -> None:
    token = await rotating.person("ada@example.org")
    root = {"email": "root@example.org", "password": PASSWORD}
    setup = str(SetupToken(Secrets(SECRET.encode()).derive("setup")))
    stolen = str(jwt.get_unverified_header(token)["kid"])
    last = 0.0
    async with rotating.patient(keeps=False) as call:
        assert (await call("POST", "/auth/setup", root | {"token": setup})).status in {200, 201, 204}
        admin = (await rotating.sign_in(root["email"]))["access_token"]
        removed = asyncio.Event()
        watching = [asyncio.create_task(_last_accepted(rotating, token, removed)) for _ in range(4)]
        answer = await call("DELETE", f"/auth/keys/{stolen}", headers={"authorization": f"Bearer {admin}"})
        at = time.monotonic()
        assert answer.status == 204, answer
        await asyncio.sleep(2 * BOUND)
        removed.set()
        last = max(await asyncio.gather(*watching)) - at
        for _ in range(20):
            shown = (await call("GET", "/.well-known/jwks.json")).json()["keys"]
            assert stolen not in {key["kid"] for key in shown}
        fresh = await rotating.sign_in("ada@example.org")
        for _ in range(20):
            me = await call("GET", "/auth/me", headers={"authorization": f"Bearer {fresh['access_token']}"})
            assert me.status == 200
    record_property("last accepted after", round(last, 3))
    assert last < BOUND


async def _last_accepted(service: Service, token: str, stop: asyncio.Event) -> float:
    """Ask again and again, another process each time; return when a question began that was answered well."""
    accepted = 0.0
    async with service.caller(token, keeps=False) as call:
        while not stop.is_set():
            asked = time.monotonic()
            try:
                answer = await call("GET", "/auth/me")
            except Broken:
                continue
            if answer.status == 200:
                accepted = asked
            else:
                assert answer.status == 401 or unsure(answer.status, answer.body), answer
    return accepted
