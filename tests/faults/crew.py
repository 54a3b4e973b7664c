"""Processes that refresh and revoke sessions, some of which are killed."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from core.keys import Keys
from core.refresh_tokens import RefreshTokens
from domain.kernel.ids import uuid7
from tests.faults.refresher import configured
from tests.support.service import SOURCES, Service

PROCESSES: Final = 4
PARALLEL: Final = 50
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


class Request(NamedTuple):
    """What is to be done with a token: `refresh` or `revoke`."""

    what: str
    token: str


@dataclass
class Crew:
    """Processes that refresh. What one cannot answer, or does not as it is killed, is sent again, as clients would."""

    service: Service
    grace: int
    answers: dict[int, str] = field(default_factory=dict)
    """By the number of the request."""
    killed: int = 0
    asked: int = 0
    """Requests so far."""
    _sent: list[tuple[int, Request]] = field(default_factory=list)
    _members: list[Process] = field(default_factory=list)
    _listening: list[asyncio.Task[None]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hire(self) -> Process:
        """Start one, and return when it is ready."""
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
        assert member.stdout
        async with asyncio.timeout(120):
            assert await member.stdout.readline() == b"ready\n"
        self._listening.append(asyncio.create_task(self._listen(member)))
        return member

    async def refresh(
        self, tokens: Sequence[str], *, kill: bool = False, parallel: int = PARALLEL
    ) -> list[Counter[str]]:
        """Send each token so many times, to all processes at once; return how often each was answered with what."""
        await self._do([Request("refresh", token) for token in tokens for _ in range(parallel)], kill=kill)
        found = [Counter[str]() for _ in tokens]
        for number, outcome in self.answers.items():
            found[number // parallel][outcome] += 1
        return found

    async def race(self, tokens: Sequence[str]) -> list[tuple[str, str]]:
        """Refresh and revoke each token at once, in two processes; return what came of both."""
        await self._do([Request(what, token) for token in tokens for what in ("refresh", "revoke")])
        return [(self.answers[2 * number], self.answers[2 * number + 1]) for number in range(len(tokens))]

    async def _do(self, requests: Sequence[Request], *, kill: bool = False) -> None:
        self.answers.clear()
        self.asked += len(requests)
        sent = self._sent = list(enumerate(requests))
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


def _send(member: Process, requests: Sequence[tuple[int, Request]]) -> None:
    assert member.stdin
    member.stdin.write("".join(f"{number} {what} {token}\n" for number, (what, token) in requests).encode())


@asynccontextmanager
async def crew(service: Service, grace: int = 30) -> AsyncIterator[Crew]:
    """Have four processes for as long as the block."""
    made = Crew(service, grace)
    try:
        await asyncio.gather(*(made.hire() for _ in range(PROCESSES)))
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
