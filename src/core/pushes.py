"""Tell the other processes at once which profiles changed, so that none shows an old one for its second."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from logging import getLogger
from typing import Final
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from core.profiles import CachedProfiles
from core.redis.client import REDIS_LOST
from domain.kernel.ids import UserId

CHANNEL: Final = "gatewright:profiles"
MOST: Final = 1000
"""Ids that may wait; past that the second of the others' caches has to do."""
AGAIN: Final = 0.5
"""Seconds before subscribing again."""
log = getLogger(__name__)


@dataclass(slots=True)
class ProfilePushes:
    """Drop profiles here at once and elsewhere within milliseconds. A hint: it never delays or fails a command."""

    profiles: CachedProfiles
    requests: Redis
    consumers: Redis
    """Waits for pushes, so its socket has no time limit."""
    patience: float = 1.0
    _waiting: set[UUID] = field(default_factory=set, init=False)
    _sending: asyncio.Task[None] | None = field(default=None, init=False)

    def __call__(self, changed: Iterable[UUID]) -> None:
        """Call after the commit."""
        for user_id in changed:
            self.profiles.drop(UserId(user_id))
            if len(self._waiting) < MOST:
                self._waiting.add(user_id)
        if self._waiting and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send())

    async def run(self) -> None:
        """Follow the pushes of the others until cancelled."""
        while True:
            try:
                async with self.consumers.pubsub(ignore_subscribe_messages=True) as pushes:
                    await pushes.subscribe(CHANNEL)
                    async for push in pushes.listen():
                        self._learn(push["data"])
            except REDIS_LOST as error:
                log.warning("no pushes of changed profiles, they are shown for a second: %s", error)
            await asyncio.sleep(AGAIN)

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, set()
            try:
                async with asyncio.timeout(self.patience):
                    await self.requests.publish(CHANNEL, msgspec.json.encode(batch))
            except REDIS_LOST as error:
                log.warning("changed profiles not pushed: %s", error)

    def _learn(self, pushed: bytes) -> None:
        try:
            for user_id in _ids.decode(pushed):
                self.profiles.drop(UserId(user_id))
        except msgspec.DecodeError as error:
            log.warning("a push that is not ours: %s", error)


_ids: Final = msgspec.json.Decoder(list[UUID])
