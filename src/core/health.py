"""How each dependency does, and what its loss means."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit

from core.assembly import Assembly
from core.postgres.migrating import head
from gatewright_verifier.revocations import Revocations

PATIENCE: Final = 1.0
"""Seconds that a dependency has to answer."""
KEPT: Final = 1.0
"""Seconds that a report is repeated: whoever asks more often learns nothing new, and costs nothing."""
_DURABILITY: Final = """
SELECT (SELECT version_num FROM alembic_version) AS revision,
       current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off' AS durable
"""


class State(StrEnum):
    """How something does."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency, and what its state means."""

    state: State
    needed: bool
    """Whether requests cannot be answered without it."""
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How the service does. Ready unless something that requests need is down."""

    status: State
    ready: bool
    dependencies: Mapping[str, Dependency]


class Unwell(Exception):
    """It answers, but something is wrong with it; the text says what."""

    def __init__(self, state: State, detail: str) -> None:
        super().__init__(detail)
        self.state = state


@dataclass(frozen=True, slots=True)
class Probe:
    """How to find out about a dependency, and what to say when it does not answer."""

    ask: Callable[[], Awaitable[object]]
    needed: bool
    lost: str


@dataclass(slots=True)
class Health:
    """Ask every dependency, at most once a second however often this is asked."""

    probes: Mapping[str, Probe]
    told: Callable[[str, bool], None]
    """Told of each dependency whether it is up: the metrics."""
    _last: Report | None = field(default=None, init=False)
    _until: float = field(default=0.0, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @classmethod
    def of(cls, assembly: Assembly) -> Self:
        """Return the health of `assembly`."""
        settings = assembly.settings
        probes = {
            "postgres": Probe(
                _postgres(assembly, head()), True, "requests that need the database are refused with 503"
            ),
            "revocations": Probe(heard(assembly.revocations), True, "tokens cannot be verified"),
            "signing_keys": Probe(_keys(assembly), True, "tokens can neither be made nor verified"),
            "redis": Probe(assembly.redis.requests.ping, False, "limits are counted in each process alone"),
        }
        if assembly.mongo:
            lost = "configuration documents cannot be read or changed"
            probes["mongodb"] = Probe(assembly.mongo.ping, False, lost)
        if settings.rabbitmq_url:
            url = settings.rabbitmq_url.get_secret_value()
            probes["rabbitmq"] = Probe(
                _listens(url, 5672), False, "events wait in the log and are sent when it is back"
            )
        dependencies = assembly.metrics.dependencies
        return cls(probes, lambda name, up: dependencies(name, up=up))

    async def report(self) -> Report:
        """Return how everything does."""
        async with self._asking:
            if self._last is None or time.monotonic() >= self._until:
                self._last = await self._ask()
                self._until = time.monotonic() + KEPT
            return self._last

    async def _ask(self) -> Report:
        found = dict(zip(self.probes, await asyncio.gather(*map(_examine, self.probes.values())), strict=True))
        for name, dependency in found.items():
            self.told(name, dependency.state is not State.DOWN)
        ready = not any(each.needed and each.state is State.DOWN for each in found.values())
        well = all(each.state is State.OK for each in found.values())
        return Report(State.OK if well else State.DEGRADED if ready else State.DOWN, ready, found)


async def _examine(probe: Probe) -> Dependency:
    try:
        async with asyncio.timeout(PATIENCE):
            await probe.ask()
    except Unwell as error:
        return Dependency(error.state, probe.needed, str(error))
    except Exception:  # noqa: BLE001 - whatever keeps it from answering, and its text may name hosts and accounts
        return Dependency(State.DOWN, probe.needed, probe.lost)
    return Dependency(State.OK, probe.needed)


def _postgres(assembly: Assembly, newest: str) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        async with assembly.database.read() as connection:
            if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
                raise Unwell(State.DOWN, "the database is empty: run `gatewright migrate`")
            row = await connection.fetchrow(_DURABILITY)
        if row["revision"] < newest:
            raise Unwell(State.DOWN, "the database is not migrated: run `gatewright migrate`")
        if not row["durable"]:
            raise Unwell(State.DEGRADED, "fsync or synchronous_commit is off: a power failure loses what was answered")

    return ask


def heard(revocations: Revocations) -> Callable[[], Awaitable[None]]:
    """Return what raises `Unwell` while it cannot be said of a token that it is not revoked."""

    async def ask() -> None:
        if not revocations.is_fresh:
            raise Unwell(State.DOWN, "nothing was heard of revocations for longer than the bound: tokens are refused")
        if not revocations.is_current:
            # Every process hears the same: the balancer would be left with none, for what takes no token either.
            raise Unwell(
                State.DEGRADED, "more were revoked than can be kept: tokens are refused until those have expired"
            )

    return ask


def _keys(assembly: Assembly) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        condition = assembly.ring.condition
        if condition.trouble:
            raise Unwell(State.DEGRADED if condition.usable else State.DOWN, condition.trouble)

    return ask


def _listens(url: str, default: int) -> Callable[[], Awaitable[None]]:
    parts = urlsplit(url)

    async def ask() -> None:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port or default)
        writer.close()

    return ask
