"""Events that no subscriber's queue took, which the broker keeps for a look: emptied when somebody is erased."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

from core.rabbit.errand import EXCHANGE

PATIENCE: Final = 5


class NotPassed(Exception):
    """Something about the person may still be on its way to the broker."""


class Passed(Protocol):
    """Tell whether the broker has confirmed everything that was ever announced about somebody."""

    async def __call__(self, person: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class Unrouted:
    """The queue `<exchange>.unrouted`. All of it goes: what is in it is nobody's, and the log has it."""

    url: str
    passed: Passed
    exchange: str = EXCHANGE

    async def erase(self, person: UUID, addresses: Sequence[str]) -> None:  # noqa: ARG002 - messages name the person
        """Empty it once the erasure itself was published: then nothing that says more can follow. Or raise."""
        if not await self.passed(person):
            raise NotPassed
        connection = await aio_pika.connect(self.url, timeout=PATIENCE, heartbeat=10)
        try:
            channel = await connection.channel()
            queue = await channel.get_queue(f"{self.exchange}.unrouted")
            await queue.purge(timeout=PATIENCE)
        except ChannelNotFoundEntity:
            pass
        finally:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(1):
                    await connection.close()
