"""The part of a worker that tells webhooks what the log says."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NoReturn, Protocol

from core.outbound.calling import Outbound
from core.personal import PersonalKeys
from core.postgres.direct import Connects, direct_pool, session
from core.postgres.log import LOG
from core.postgres.loss import POSTGRES_LOST
from core.retrying import forever
from core.webhooks.attempts import Attempt, Sender, wait
from core.webhooks.planning import plan
from core.webhooks.rows import SqlTurns, Turn
from core.webhooks.signing import SealedSecrets
from domain.kernel.ids import PLATFORM, OrganizationId, WebhookId

log = logging.getLogger(__name__)

WINDOW: Final = 64
"""Attempts under way in one worker."""
FAILING_WINDOW: Final = 16
"""How many of them may be at webhooks whose last attempt failed: those never keep the others waiting."""
BUDGET: Final = 4
"""Attempts under way at one webhook."""
POLL: Final = 0.5
PACE: Final = 0.02
"""Between two looks: a busy log wakes hundreds of times a second."""
LEAVE: Final = 2.0
"""Seconds that attempts under way have to end when the worker stops; the others are repeated, under the same ids."""

Disable = Callable[[OrganizationId, WebhookId, str, str], Awaitable[None]]
"""Stop telling a webhook anything, because of `failing` or `gone`, if it still leads to this address."""


class WebhookMeter(Protocol):
    """Told how attempts end."""

    def attempted(self, outcome: str, seconds: float) -> None:
        """Count an attempt: `delivered`, `failed` or `dead`, after so many seconds."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Takes no notes."""

    def attempted(self, outcome: str, seconds: float) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Plan deliveries and make attempts. Several may run; the rows say whose turn it is.

    A worker that is killed leaves what it had claimed until the lease ends; it is then sent again, under the same id.
    """

    database: Connects
    outbound: Outbound
    secrets: SealedSecrets
    disable: Disable
    people: PersonalKeys
    """What opens the personal data of events."""
    source: str = "/auth"
    patience: timedelta = timedelta(days=5)
    """How long a webhook may fail before it is disabled."""
    meter: WebhookMeter = field(default_factory=Unmeasured)

    async def run(self) -> NoReturn:
        """Tell until cancelled; go on when Postgres went away."""
        await forever("the telling of webhooks", self._serve)

    async def _serve(self) -> None:
        pool = await direct_pool(self.database, "gatewright-webhooks", 8)
        try:
            async with session(self.database, "gatewright-webhooks-log") as listening:
                await _Session(self, pool, listening).run()
        finally:
            pool.terminate()


@dataclass(slots=True)
class _Session:
    teller: Teller
    pool: Any
    listening: Any
    under_way: dict[asyncio.Task[None], tuple[Turn, bool]] = field(default_factory=dict)
    """What is attempted, and whether the webhook was failing."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def turns(self) -> SqlTurns:
        return SqlTurns(self.pool)

    async def run(self) -> None:
        await self.listening.add_listener(LOG, lambda *_: self.woken.set())
        self.listening.add_termination_listener(lambda _: self.woken.set())
        try:
            while True:
                self.woken.clear()
                looked_at, _ = await plan(self.listening, PLATFORM)
                began = await self._begin(failing=False) + await self._begin(failing=True)
                if not (looked_at or began):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL):
                            await self.woken.wait()
                await asyncio.sleep(PACE)
        finally:
            await self._leave()

    async def _begin(self, *, failing: bool) -> int:
        """Start attempts as far as there is room; return how many."""
        busy = sum(1 for _, was_failing in self.under_way.values() if was_failing)
        room = FAILING_WINDOW - busy if failing else WINDOW - FAILING_WINDOW - (len(self.under_way) - busy)
        found = await self.turns.claim(room, BUDGET, failing=failing) if room > 0 else ()
        for turn in found:
            task = asyncio.create_task(self._attempt(turn))
            self.under_way[task] = turn, failing
            task.add_done_callback(self._ended)
        return len(found)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self.under_way[task]
        self.woken.set()
        if not task.cancelled() and (error := task.exception()):
            # Nothing was written down, so the lease ends and it is sent again.
            log.warning("an attempt came to nothing: %s: %s", type(error).__name__, error)

    async def _attempt(self, turn: Turn) -> None:
        teller = self.teller
        attempt = await Sender(self.pool, teller.outbound, teller.secrets, teller.source, teller.people).send(turn)
        if attempt.arrived:
            await self.turns.delivered(turn, attempt.status or 0, attempt.milliseconds)
            teller.meter.attempted("delivered", attempt.milliseconds / 1000)
            return
        await self._failed(turn, attempt)

    async def _failed(self, turn: Turn, attempt: Attempt) -> None:
        teller, pause = self.teller, wait(turn, attempt)
        teller.meter.attempted("failed" if pause else "dead", attempt.milliseconds / 1000)
        for_too_long = await self.turns.failed(
            turn,
            attempt.status,
            attempt.reason,
            attempt.milliseconds,
            pause,
            teller.patience,
            theirs=attempt.theirs,
        )
        if turn.position is not None and (attempt.gone or for_too_long):
            reason = "gone" if attempt.gone else "failing"
            log.warning("webhook %s is to be disabled: %s", turn.webhook_id, reason)
            await teller.disable(turn.organization_id, turn.webhook_id, reason, turn.url)

    async def _leave(self) -> None:
        """Let attempts under way end, and give back the others."""
        if self.under_way:
            await asyncio.wait(list(self.under_way), timeout=LEAVE)
        left = dict(self.under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(*POSTGRES_LOST):  # then their leases end
            async with asyncio.timeout(1):
                await self.turns.returned([turn for turn, _ in left.values()])
