"""Evaluate models of strangers in processes that can be killed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from logging import getLogger
from pathlib import Path
from signal import SIGPROF
from subprocess import DEVNULL
from typing import Any, Final
from uuid import UUID

from core.casbin import __file__ as package
from domain.access.policies.errors import PolicyTooSlow
from domain.access.policies.language import Language
from domain.access.policies.ports import PolicyEvaluation
from domain.access.policies.rules import Given, Rule
from domain.kernel.errors import Overloaded, Unavailable

log = getLogger(__name__)

CHILD: Final = Path(package).parent / "child.py"
_READY: Final = b"ready\n"
_START: Final = 10.0
"""Seconds a process may take to start."""


@dataclass(slots=True)
class CasbinWorkers(PolicyEvaluation):
    """At most `slots` processes, started when they are needed; one question of an organization at a time."""

    slots: int = 2
    processor_time: float = 0.2
    """Seconds of it that the questions of one call may cost."""
    patience: float = 2.0
    """Seconds to wait for an answer, and for a process to be free."""
    waiting: int = 8
    """Calls of one organization that may wait for its turn."""
    _idle: list[Process] = field(default_factory=list, init=False)
    _free: asyncio.Semaphore = field(init=False)
    _turns: dict[UUID, "_Turn"] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    async def decide(
        self,
        organization_id: UUID,
        language: Language,
        rules: Sequence[Rule],
        requests: Sequence[Sequence[Given]],
    ) -> Sequence[bool | None]:
        """See `PolicyEvaluation.decide`."""
        made = {"model": language.text, "rules": [[rule.kind, *rule.fields] for rule in rules]}
        key = sha256(json.dumps(made).encode()).hexdigest()
        line = json.dumps({"key": key, **made, "requests": requests}).encode() + b"\n"
        async with self._turn(organization_id):
            worker = self._idle.pop() if self._idle else await self._start()
            kept = False
            try:
                decided = await self._ask(worker, line)
                kept = True
                return decided
            finally:
                if kept:
                    self._idle.append(worker)
                else:
                    await asyncio.shield(self._replace(worker))

    async def close(self) -> None:
        """Stop the processes."""
        while self._idle:
            await _end(self._idle.pop())

    @asynccontextmanager
    async def _turn(self, organization_id: UUID) -> AsyncIterator[None]:
        """Wait until the organization has nothing else under way, then for a process."""
        turn = self._turns.setdefault(organization_id, _Turn())
        if turn.count > self.waiting:
            raise Overloaded
        turn.count += 1
        try:
            async with turn.lock:
                try:
                    async with asyncio.timeout(self.patience):
                        await self._free.acquire()
                except TimeoutError:
                    raise Overloaded from None
                try:
                    yield
                finally:
                    self._free.release()
        finally:
            turn.count -= 1
            if not turn.count:
                self._turns.pop(organization_id, None)

    async def _ask(self, worker: Process, line: bytes) -> list[bool | None]:
        assert worker.stdin
        assert worker.stdout
        try:
            async with asyncio.timeout(self.patience):
                worker.stdin.write(line)
                with suppress(ConnectionError):
                    await worker.stdin.drain()
                answer = await worker.stdout.readline()
                if not answer and await worker.wait() == -SIGPROF:
                    raise PolicyTooSlow
        except TimeoutError:
            raise PolicyTooSlow from None
        if not answer.endswith(b"\n"):
            log.error("a process that evaluates policies has ended: %s", worker.returncode)
            raise Unavailable
        found: list[bool | None] = json.loads(answer)
        return found

    async def _start(self) -> Process:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(CHILD),
            str(self.processor_time),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        ready: Any = None
        try:
            assert worker.stdout
            async with asyncio.timeout(_START):
                ready = await worker.stdout.readline()
        except TimeoutError:
            raise Unavailable from None
        finally:
            if ready != _READY:
                await asyncio.shield(_end(worker))
        if ready != _READY:
            log.error("a process that evaluates policies has not started: %s", worker.returncode)
            raise Unavailable
        return worker

    async def _replace(self, worker: Process) -> None:
        """Start another one before the turn ends: whoever had it killed waits for that, and nobody else."""
        await _end(worker)
        with suppress(Unavailable):
            self._idle.append(await self._start())


@dataclass(slots=True)
class _Turn:
    """What an organization has under way."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    count: int = 0


async def _end(worker: Process) -> None:
    with suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
