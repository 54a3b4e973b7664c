"""Starting: from the command to the first token, and what the process that answers weighs then."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final
from urllib.error import URLError

import psutil

from benchmarks.ground import Ground, Service
from benchmarks.load import Request, load
from benchmarks.table import Row, Spread

ROUNDS: Final = 3
PATIENCE: Final = 60.0
LOOK: Final = 0.01
MEBIBYTE: Final = 2**20
PERSON: Final = "ada@example.com"


@dataclass(frozen=True, slots=True)
class Started:
    """What one start took: seconds, seconds of all cores, mebibytes."""

    seconds: float
    work: float
    memory: float


def run(ground: Ground) -> Iterable[Row]:
    """Run `gatewright run` on embedded servers of its own: once to make its data, then again and again."""
    folder = ground.folder / "started"
    cold, *warm = [_start(ground, folder) for _ in range(ROUNDS + 1)]
    seconds = Spread([each.seconds for each in warm])
    yield Row(
        "start",
        "`gatewright run` to the first token, warm",
        seconds.text(1, " s"),
        f"with an empty data folder: {cold.seconds:.1f} s",
        goal="≤ 3 s",
        reached=seconds.middle <= 3,
    )
    work = Spread([each.work for each in warm])
    yield Row("start", "CPU time of its Python processes until then", work.text(1, " s"))
    memory = Spread([each.memory for each in warm])
    yield Row(
        "start",
        "memory (RSS) of the process that answers, after 2 s of load",
        memory.text(0, " MiB"),
        goal="≤ 150 MiB",
        reached=memory.middle <= 150,
    )


def _start(ground: Ground, folder: Path) -> Started:
    service = Service(f"http://127.0.0.1:{ground.port()}")
    environment = {"GATEWRIGHT_DATA_DIR": str(folder), "GATEWRIGHT_PORT": service.url.rpartition(":")[2]}
    fresh, began = not folder.exists(), perf_counter()
    with ground.process(["-m", "api.cli", "run"], environment) as process:
        token = _first_token(service, fresh=fresh)
        seconds = perf_counter() - began
        ours = [each for each in _family(process.pid) if each.name() not in {"postgres", "valkey-server"}]
        work = sum(sum(each.cpu_times()[:2]) for each in ours)
        load(Request(f"{service.url}/auth/me", 2, token=token))
        answers = next(each for each in ours if " ".join(each.cmdline()).startswith("gatewright worker"))
        return Started(seconds, work, answers.memory_info().rss / MEBIBYTE)


def _first_token(service: Service, *, fresh: bool) -> str:
    deadline = perf_counter() + PATIENCE
    while perf_counter() < deadline:
        with suppress(URLError, RuntimeError, ConnectionError):
            if fresh:
                service.person(PERSON)
            return str(service.tokens(PERSON)["access_token"])
        sleep(LOOK)
    raise RuntimeError(f"no token after {PATIENCE:g} s")


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
