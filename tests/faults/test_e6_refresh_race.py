"""Refreshing one token many times at once, in several processes, some of which are killed."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from core.keys import Keys
from core.refresh_tokens import PREFIX, RefreshTokens
from domain.kernel.ids import uuid7
from tests.faults.refresher import configured
from tests.support.service import LONG, SOURCES, Service

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200 if LONG else 240)]

PROCESSES: Final = 4
PARALLEL: Final = 50
FAMILIES, BATCH, KILLS = (10_000, 40, 50) if LONG else (16, 8, 1)
STRICT: Final = 200 if LONG else 8
REFUSED: Final = "sessions.refresh_refused"
BUSY: Final = "service.unavailable"
PERSON: Final = """
INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)
VALUES ($1, $2, true, true, 1, now(), now(), 1)
"""
SESSIONS: Final = """
INSERT INTO sessions (id, user_id, factors, created_at, expires_at, version)
SELECT id, $2, '{pwd}', now(), now() + interval '7 days', 1 FROM unnest($1::uuid[]) AS s (id)
"""
STARTED: Final = """
INSERT INTO refresh_families (id, session_id, user_id, key_id, expires_at)
SELECT id, id, $2, $3, now() + interval '7 days' FROM unnest($1::uuid[]) AS s (id)
"""
AGE: Final = """
UPDATE refresh_families SET rotations = ARRAY(
    SELECT spent - $1::interval FROM unnest(rotations) WITH ORDINALITY AS r (spent, n) ORDER BY n)
"""
ALIVE: Final = """
SELECT count(*) FROM sessions s JOIN refresh_families f ON f.session_id = s.id
WHERE s.revoked_at IS NULL AND f.revoked_at IS NULL
"""
CAUGHT: Final = """
SELECT count(DISTINCT aggregate_id) FROM (
    SELECT aggregate_id, type, data FROM outbox UNION ALL SELECT aggregate_id, type, data FROM events) facts
WHERE type = 'sessions.session.revoked' AND data ->> 'reason' = 'refresh_token_reuse'
"""
AUDITED: Final = """
SELECT count(*) FROM (SELECT action, outcome FROM audit_pending UNION ALL SELECT action, outcome FROM audit) entries
WHERE action = 'sessions.session.refresh' AND outcome = $1
"""


@dataclass
class Crew:
    """Processes that refresh. What one cannot answer, or does not as it is killed, is sent again, as clients would."""

    service: Service
    grace: int
    answers: dict[int, str] = field(default_factory=dict)
    """By the number of the request."""
    killed: int = 0
    _sent: list[tuple[int, str]] = field(default_factory=list)
    _members: list[Process] = field(default_factory=list)
    _listening: list[asyncio.Task[None]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hire(self) -> Process:
        """Start one."""
        paths = os.pathsep.join([str(SOURCES), str(SOURCES.parent)])
        arguments = (self.service.url, self.service.stack.redis.url, str(self.grace))
        member = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.refresher", *arguments),
            stdin=PIPE,
            stdout=PIPE,
            cwd=SOURCES.parent,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self._members.append(member)
        self._listening.append(asyncio.create_task(self._listen(member)))
        return member

    async def refresh(self, tokens: Sequence[str], *, kill: bool = False) -> list[Counter[str]]:
        """Send each token `PARALLEL` times, to all processes at once; return how often each was answered with what."""
        self.answers.clear()
        sent = self._sent = [(number, tokens[number // PARALLEL]) for number in range(len(tokens) * PARALLEL)]
        shares = [sent[n :: len(self._members)] for n in range(len(self._members))]
        for member, share in zip(list(self._members), shares, strict=True):
            _send(member, share)
        if kill:
            await self._until(len(sent) // 4)
            victim = random.randrange(len(self._members))
            await self._lose(self._members[victim])
            replaced = await self.hire()
            _send(replaced, [each for each in shares[victim] if each[0] not in self.answers])
        await self._until(len(sent))
        found = [Counter[str]() for _ in tokens]
        for number, outcome in self.answers.items():
            found[number // PARALLEL][outcome] += 1
        return found

    async def close(self) -> None:
        """Let them go."""
        for member in list(self._members):
            await self._lose(member)
        await asyncio.gather(*self._listening)

    async def _lose(self, member: Process) -> None:
        member.kill()
        await member.wait()
        self._members.remove(member)
        self.killed += 1

    async def _listen(self, member: Process) -> None:
        assert member.stdout
        while line := await member.stdout.readline():
            if line.endswith(b"\n"):
                number, outcome = line.decode().split()
                if outcome == BUSY:
                    _send(member, [self._sent[int(number)]])
                    continue
                self.answers[int(number)] = outcome
                self._news.set()

    async def _until(self, number: int) -> None:
        async with asyncio.timeout(120):
            while len(self.answers) < number:
                self._news.clear()
                await self._news.wait()


def _send(member: Process, requests: Sequence[tuple[int, str]]) -> None:
    assert member.stdin
    member.stdin.write("".join(f"{number} {token}\n" for number, token in requests).encode())


@asynccontextmanager
async def crew(service: Service, grace: int = 30) -> AsyncIterator[Crew]:
    """Have four processes for as long as the block."""
    made = Crew(service, grace)
    try:
        for _ in range(PROCESSES):
            await made.hire()
        yield made
    finally:
        await made.close()


async def started(service: Service, sql: Any, number: int) -> dict[UUID, str]:
    """Return the first tokens of as many new sessions of one person."""
    keys = Keys.read(configured(service.url, service.stack.redis.url, 30))
    tokens = RefreshTokens(keys.secrets.every("refresh"))
    user, ids = uuid7(), [uuid7() for _ in range(number)]
    await sql.execute(PERSON, user, f"{user.hex}@example.com")
    await sql.execute(SESSIONS, ids, user)
    await sql.execute(STARTED, ids, user, tokens.current_key_id)
    return {each: tokens.derive(each, tokens.current_key_id, 0) for each in ids}


async def test_e6_keycloak_cve_2026_1035_one_successor_and_nobody_logged_out(service: Service) -> None:
    """Also better-auth GHSA-392p-2q2v-4372: looking and then spending would fork a family."""
    async with service.sql() as sql, crew(service) as refreshers:
        first = list((await started(service, sql, FAMILIES)).values())
        live = list[str]()
        for batch in range(0, FAMILIES, BATCH):
            kill = (batch // BATCH) % max(1, FAMILIES // BATCH // KILLS) == 1
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH], kill=kill):
                assert len(outcomes) == 1, outcomes
                live += [token for token in outcomes if token.startswith(PREFIX)]
        assert refreshers.killed >= KILLS
        assert len(set(live)) == FAMILIES
        assert await sql.fetch("SELECT DISTINCT generation FROM refresh_families") == [(1,)]
        assert await sql.fetchval(ALIVE) == FAMILIES
        assert await sql.fetchval(CAUGHT) == 0

        # Whoever comes with the first token when the grace is over has a copy, and every one of them is caught.
        await sql.execute(AGE, timedelta(seconds=31))
        for batch in range(0, FAMILIES, BATCH):
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH]):
                assert outcomes == {REFUSED: PARALLEL}
        assert await sql.fetchval(ALIVE) == 0
        assert await sql.fetchval(CAUGHT) == FAMILIES
        assert await sql.fetchval(AUDITED, REFUSED) == FAMILIES
        for outcomes in await refreshers.refresh(live[:BATCH]):
            assert outcomes == {REFUSED: PARALLEL}


async def test_e6_o5_strict_mode_lets_one_through_and_keeps_what_it_got(service: Service) -> None:
    async with service.sql() as sql, crew(service, grace=0) as refreshers:
        first = list((await started(service, sql, STRICT)).values())
        for batch in range(0, STRICT, BATCH):
            live = list[str]()
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH]):
                (won,) = [token for token in outcomes if token.startswith(PREFIX)]
                assert outcomes == {won: 1, REFUSED: PARALLEL - 1}
                live.append(won)
            for outcomes in await refreshers.refresh(live):
                assert outcomes[REFUSED] == PARALLEL - 1
        assert await sql.fetchval(ALIVE) == STRICT
        assert await sql.fetchval(CAUGHT) == 0

        await sql.execute(AGE, timedelta(seconds=11))
        for batch in range(0, STRICT, BATCH):
            await refreshers.refresh(first[batch : batch + BATCH])
        assert await sql.fetchval(ALIVE) == 0
        assert await sql.fetchval(CAUGHT) == STRICT
