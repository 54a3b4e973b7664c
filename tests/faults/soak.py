"""People sign up while everything is killed; afterwards what they were told is compared with what is there.

    python -m tests.faults.soak [--sign-ups 5000] [--rate 60] [--history history.jsonl]

starts servers of its own, prints figures, and ends with 1 if anything that was promised does not hold.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.verdict import Verdict, verdict
from tests.support.brokers import start_again
from tests.support.http import Broken, Caller, Response
from tests.support.server import Server
from tests.support.service import PASSWORD, Service, deployed, stacked
from tests.support.subscriber import Subscriber

CLIENTS: Final = 16
PATIENCE: Final = 90.0
"""Seconds after which a client gives up; nothing is away for so long."""
AGAIN: Final = {408, 429, 503}
IN_FLIGHT: Final = "request.idempotency_key_in_flight"
VICTIMS: Final = ("rabbit", "worker", "postgres", "redis", "api")


@dataclass
class Signing:
    """One sign-up, from the first attempt to the answer that settled it."""

    number: int
    kind: str
    """`new`, `taken`, `weak` or `malformed`."""
    email: str
    attempts: int = 0
    status: int = 0
    user: str = ""
    updates: int = 0
    began: float = 0.0
    ended: float = 0.0

    @property
    def body(self) -> Any:
        """What is sent."""
        match self.kind:
            case "weak":
                return {"email": self.email, "password": "short"}
            case "malformed":
                return {"email": self.email, "password": PASSWORD, "is_superuser": True}
        return {"email": self.email, "password": PASSWORD, "full_name": f"Person {self.number}"}


EXPECTED: Final = {"new": 201, "taken": 409, "weak": 422, "malformed": 400}


@dataclass
class Soak:
    """Clients that sign people up at a rate, and write down what they are told."""

    service: Service
    history: Path
    total: int
    rate: float
    settled: list[Signing] = field(default_factory=list)
    unsettled: list[Signing] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that must never come."""
    downs: Counter[str] = field(default_factory=Counter)
    killing: bool = True
    _taken: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Sign people up until there are enough and nothing is killed any more."""
        numbers, started = iter(range(10**9)), time.monotonic()
        with self.history.open("a", encoding="utf-8") as file:
            await asyncio.gather(*(self._client(numbers, started, file.write) for _ in range(CLIENTS)))

    async def _client(self, numbers: Iterator[int], started: float, write: Callable[[str], object]) -> None:
        async with self.service.caller(patience=10) as call:
            while (number := next(numbers)) < self.total or self.killing:
                await asyncio.sleep(max(0.0, started + number / self.rate - time.monotonic()))
                signing = self._next(number)
                signing.began = time.monotonic() - started
                await self._sign_up(call, signing)
                signing.ended = time.monotonic() - started
                write(json.dumps(vars(signing)) + "\n")

    def _next(self, number: int) -> Signing:
        kind = random.choices(("new", "taken", "weak", "malformed"), (84, 8, 4, 4))[0]
        if kind == "taken" and self._taken:
            return Signing(number, kind, random.choice(self._taken))
        return Signing(number, "new" if kind == "taken" else kind, f"person{number}@example.org")

    async def _sign_up(self, call: Caller, signing: Signing) -> None:
        key = {"idempotency-key": f"sign-up-{signing.number}"}
        made = await self._until_settled(call, signing, "POST", "/auth/signup", signing.body, key)
        if made is None:
            self.unsettled.append(signing)
            return
        signing.status = made.status
        self.settled.append(signing)
        if made.status != EXPECTED[signing.kind]:
            self.wrong.append(f"{signing}: {made.body!r}")
        elif made.status == 201:
            signing.user = made.json()["id"]
            self._taken.append(signing.email)
            if signing.number % 7 == 0:
                await self._repeat(call, signing, key)
            if signing.number % 5 == 0:
                await self._rename(call, signing)

    async def _repeat(self, call: Caller, signing: Signing, key: dict[str, str]) -> None:
        again = await self._until_settled(call, signing, "POST", "/auth/signup", signing.body, key)
        if again and (again.status, again.json()["id"]) != (201, signing.user):
            self.wrong.append(f"{signing}: repeated {again.body!r}")

    async def _rename(self, call: Caller, signing: Signing) -> None:
        login = {"email": signing.email, "password": PASSWORD}
        tokens = await self._until_settled(call, signing, "POST", "/auth/login", login, {})
        if tokens is None or tokens.status != 200:
            self.wrong.append(f"{signing}: who signed up cannot sign in: {tokens}")
            return
        token = {"authorization": f"Bearer {tokens.json()['access_token']}"}
        for turn in range(2):
            name = {"full_name": f"Person {signing.number} {turn}"}
            key = {"idempotency-key": f"rename-{signing.number}-{turn}", **token, "if-match": "*"}
            done = await self._until_settled(call, signing, "PATCH", "/auth/me", name, key)
            if done is None or done.status != 200:
                self.wrong.append(f"{signing}: not renamed: {done}")
            else:
                signing.updates += 1

    async def _until_settled(
        self, call: Caller, signing: Signing, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> Response | None:
        """Send it until there is an answer that is not about the moment; None if there never is."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            signing.attempts += 1
            try:
                found = await call(method, path, body, headers)
            except (Broken, TimeoutError) as error:
                self.downs[type(error).__name__] += 1
            else:
                if found.status not in AGAIN and found.code != IN_FLIGHT:
                    return found
                self.downs[f"{found.status}"] += 1
                if found.status == 503 and "retry-after" not in found.headers:
                    self.wrong.append("503 without Retry-After")
            await asyncio.sleep(random.uniform(0.05, 0.3))
        return None


@dataclass
class Killer:
    """Kills in turn, and starts again what it killed, as a supervisor would."""

    service: Service
    killed: Counter[str] = field(default_factory=Counter)
    _turns: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def run(self, blows: int, between: tuple[float, float]) -> None:
        """Strike `blows` times, with pauses of `between` seconds, whether or not the last victim is back."""
        async with asyncio.TaskGroup() as strikes:
            for turn in range(blows):
                await asyncio.sleep(random.uniform(*between))
                victim = VICTIMS[turn % len(VICTIMS)]
                strikes.create_task(self.strike(victim))
                self.killed[victim] += 1

    async def supervise(self) -> None:
        """Start again whatever process of the service has ended, until cancelled."""
        while True:
            await asyncio.sleep(random.uniform(0.2, 1.0))
            for program in (self.service.api, *self.service.workers):
                if program.gone:
                    program.launch()

    async def strike(self, victim: str) -> None:
        """Kill it, and start it again unless `supervise` does."""
        match victim:
            case "api":
                await asyncio.to_thread(self.service.api.kill)
            case "worker":
                await asyncio.to_thread(random.choice(self.service.workers).kill)
            case "rabbit" | "postgres" | "redis":
                await self._again(getattr(self.service.stack, victim))

    async def _again(self, server: Server) -> None:
        async with self._turns[id(server)]:
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(random.uniform(0.2, 1.0))
            await asyncio.to_thread(server.start)


async def soak(
    service: Service, history: Path, sign_ups: int, rate: float, blows: int, between: tuple[float, float]
) -> tuple[Soak, Killer, Verdict]:
    """Let people sign up while things are killed; judge what came of it."""
    await start_again(service.stack.rabbit)
    subscriber = Subscriber(service.stack.rabbit.url, "auth.events", "#")
    listening = asyncio.create_task(subscriber.run())
    await asyncio.wait_for(subscriber.bound.wait(), 30)
    try:
        for _ in range(2):
            await asyncio.to_thread(service.hire)
        signing, killer = Soak(service, history, sign_ups, rate), Killer(service)

        async def kill() -> None:
            await killer.run(blows, between)
            signing.killing = False

        supervising = asyncio.create_task(killer.supervise())
        try:
            await asyncio.gather(signing.run(), kill())
            return signing, killer, await verdict(service, signing.settled, subscriber)
        finally:
            supervising.cancel()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        with suppress(Exception):  # the broker may be gone by now
            await subscriber.leave()


async def main(arguments: argparse.Namespace) -> int:
    """Run it for as long as asked; return how to exit."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        stack = running.enter_context(stacked(folder))
        history = arguments.history or folder / "history.jsonl"
        blows = max(len(VICTIMS), arguments.sign_ups // 100)
        async with deployed(stack, folder, brokered=True) as service:
            started = time.monotonic()
            signing, killer, found = await soak(
                service, history, arguments.sign_ups, arguments.rate, blows, (2.0, 12.0)
            )
        seconds = time.monotonic() - started
    figures = {
        "seconds": round(seconds),
        "settled": Counter(f"{each.kind} {each.status}" for each in signing.settled),
        "unsettled": len(signing.unsettled),
        "killed": killer.killed,
        "interruptions": signing.downs,
        "longest": round(max(each.ended - each.began for each in signing.settled), 1),
        **vars(found),
        "wrong": signing.wrong[:10],
    }
    sys.stdout.write(json.dumps(figures, indent=2, default=str) + "\n")
    return int(bool(signing.wrong or signing.unsettled or found.violations))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sign-ups", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=15, help="per second")
    parser.add_argument("--history", type=Path)
    sys.exit(asyncio.run(main(parser.parse_args())))
