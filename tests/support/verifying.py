"""A service that verifies tokens offline, as a process of its own: what it makes of each token, again and again.

It is started with its settings as JSON, reads tokens from its input, a line each, and writes a line whenever it makes
something else of one of them.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gatewright_verifier.revocations import unset_clock

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 30.0


@dataclass
class Watched:
    """What the process makes of one token."""

    outcome: str = "unknown"
    last: float = 0.0
    """When it was last accepted, by `unset_clock`, which all processes of a machine share; read before the question."""
    after: list[float] = field(default_factory=list)
    """When it was accepted after it had not been."""


@dataclass
class Verifying:
    """One such process."""

    process: asyncio.subprocess.Process
    tokens: list[Watched] = field(default_factory=list)
    verified: int = 0
    """How many verifications it has made, as far as it has said."""
    told: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def watch(self, token: str) -> int:
        """Have it look at `token` from now on; return its number, once it is accepted."""
        assert self.process.stdin
        self.tokens.append(Watched())
        self.process.stdin.write(f"{token}\n".encode())
        number = len(self.tokens) - 1
        await self.until(number, "accepted")
        return number

    async def until(self, number: int, *outcomes: str) -> Watched:
        """Wait until the process makes one of `outcomes` of that token."""
        watched = self.tokens[number]
        async with asyncio.timeout(PATIENCE), self.told:
            await self.told.wait_for(lambda: watched.outcome in outcomes)
        return watched

    async def beyond(self, number: int, moment: float) -> None:
        """Wait until it has accepted that token after `moment`; it has to be started with `echo`."""
        async with asyncio.timeout(PATIENCE), self.told:
            await self.told.wait_for(lambda: self.tokens[number].last > moment)

    def stall(self) -> None:
        """Send it to sleep."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Wake it."""
        self.process.send_signal(signal.SIGCONT)

    async def listen(self) -> None:
        """Take in what it says, for as long as it lives."""
        assert self.process.stdout
        async for line in self.process.stdout:
            said = json.loads(line)
            async with self.told:
                self.verified = said["verified"]
                self._take(self.tokens[said["token"]], said)
                self.told.notify_all()

    def _take(self, watched: Watched, said: dict[str, Any]) -> None:
        if said["outcome"] == "accepted" and watched.outcome not in {"unknown", "accepted"}:
            watched.after.append(said["at"])
        watched.outcome, watched.last = said["outcome"], said["last"]


@asynccontextmanager
async def verifying(count: int = 1, **settings: Any) -> AsyncIterator[list[Verifying]]:
    """Run `count` of them for as long as the block."""
    async with AsyncExitStack() as open_:
        yield [await open_.enter_async_context(_one(settings)) for _ in range(count)]


@asynccontextmanager
async def _one(settings: dict[str, Any]) -> AsyncIterator[Verifying]:
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT, ROOT / "clients" / "python" / "src")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.verifying", json.dumps(settings),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    made = Verifying(process)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def serve(settings: dict[str, Any]) -> None:
    """Verify what comes on the input every `pace` seconds, and `load` times more the last that was good, until it ends.

    With `echo` it says so as often even of what has not changed.
    """
    from gatewright_verifier.access_tokens import AccessTokenVerifier, Policy  # noqa: PLC0415 - after the clock is set

    pace, load, echo = settings.pop("pace", 0.005), settings.pop("load", 0), settings.pop("echo", None)
    settings["policy"] = Policy(settings.pop("policy", "fail-closed"))
    tokens: list[str] = []
    verified = 0
    states: list[tuple[str, float, float]] = []
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def read() -> None:
        async for line in reader:
            tokens.append(line.decode().strip())
            states.append(("unknown", 0.0, 0.0))

    async with AccessTokenVerifier(**settings) as verifier:
        reading = asyncio.create_task(read())
        late: deque[str] = deque(maxlen=1)
        while not reading.done():
            for number, token in enumerate(tokens):
                outcome, last, said = states[number]
                at, verified = unset_clock(), verified + 1
                found = await _outcome(verifier, token)
                last = at if found == "accepted" else last
                if found != outcome or (echo and at > said + echo):
                    said = at
                    line = {"token": number, "outcome": found, "at": at, "last": last, "verified": verified}
                    print(json.dumps(line), flush=True)  # noqa: T201 - this is how it is heard
                states[number] = found, last, said
                if found == "accepted":
                    late.append(token)
            for _ in range(load if late else 0):
                await _outcome(verifier, late[0])
                verified += 1
            await asyncio.sleep(pace)


async def _outcome(verifier: Any, token: str) -> str:
    from gatewright_verifier.errors import InvalidToken, Unavailable  # noqa: PLC0415 - after the clock is set

    try:
        await verifier.verify(token)
    except InvalidToken:
        return "refused"
    except Unavailable:
        return "unavailable"
    return "accepted"


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    skew, honest = given.pop("skew", 0), time.time
    if skew:
        for name in [each for each in sys.modules if each.startswith("gatewright_verifier")]:
            del sys.modules[name]
        time.time = lambda: honest() + skew
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given))
