"""Bring keys into the ring, and out of it again."""

from dataclasses import dataclass

from domain.kernel.events import Events
from domain.keys.errors import KeyNotFound, KeysManagedElsewhere
from domain.keys.events import KeyActivated, KeyPublished, KeyRemoved, KeyRetired
from domain.keys.models import HeldRing, KeyState, SigningKey
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyForge, MadeKey
from domain.keys.repositories import SigningKeys


@dataclass(frozen=True, slots=True)
class Rotating:
    """Change the ring so that one key signs and another waits, whenever anybody looks."""

    keys: SigningKeys
    forge: KeyForge
    policy: KeyPolicy
    events: Events

    async def hold(self) -> HeldRing:
        """Return the ring, to be changed by nobody else; raise `KeysManagedElsewhere` if it is not ours."""
        if self.policy.elsewhere:
            raise KeysManagedElsewhere
        return await self.keys.hold()

    async def found(self, ring: HeldRing) -> None:
        """Have a key sign in an empty ring, at once: what is inherited, or a new one."""
        first, *others = self.forge.inherited() or [await self.forge.make(self.policy.algorithm)]
        await self._activate(await self._publish(first, ring), ring)
        for made in others:
            await self._retire(await self._publish(made, ring), ring)
        await self.provide(ring)

    async def provide(self, ring: HeldRing) -> None:
        """Publish a new key that waits; none must."""
        await self._publish(await self.forge.make(self.policy.algorithm), ring)

    async def switch(self, active: SigningKey, waiting: SigningKey, ring: HeldRing) -> None:
        """Have the waiting key sign, retire the other one, and publish the one after."""
        await self._retire(active, ring)
        await self._activate(waiting, ring)
        await self.provide(ring)

    async def withdraw(self, waiting: SigningKey, ring: HeldRing) -> None:
        """Take back a key that never signed, and publish another."""
        await self._remove(waiting, ring)
        await self.provide(ring)

    async def remove(self, kid: str, ring: HeldRing) -> None:
        """End a key at once, for everybody who verifies; the next one signs, however short it has been published.

        Do nothing if it is removed already; raise `KeyNotFound` if there is none.
        """
        key = next((each for each in ring if each.kid == kid), None)
        if key is None:
            raise KeyNotFound
        before = key.state
        if before is KeyState.REMOVED:
            return
        await self._remove(key, ring)
        if before is KeyState.NEXT:
            await self.provide(ring)
        if before is KeyState.ACTIVE:
            await self.succeed(ring)

    async def succeed(self, ring: HeldRing) -> None:
        """Have a key sign in a ring where none does: the one that waits if it can be opened, else a new one."""
        waiting = ring.next
        if waiting and waiting.sealed and not self.forge.opens(waiting.kid, waiting.sealed):
            await self._remove(waiting, ring)
            waiting = None
        if waiting is None:
            waiting = await self._publish(await self.forge.make(self.policy.algorithm), ring)
        await self._activate(waiting, ring)
        await self.provide(ring)

    async def _publish(self, made: MadeKey, ring: HeldRing) -> SigningKey:
        key = SigningKey(kid=made.kid, algorithm=made.algorithm, sealed=made.sealed, published_at=ring.now)
        self.events.emit(KeyPublished(kid=key.kid, algorithm=key.algorithm), of=key)
        await self.keys.keep(key)
        return key

    async def _activate(self, key: SigningKey, ring: HeldRing) -> None:
        key.activate(ring.now)
        self.events.emit(KeyActivated(kid=key.kid, algorithm=key.algorithm), of=key)
        await self.keys.keep(key)

    async def _retire(self, key: SigningKey, ring: HeldRing) -> None:
        until = self.policy.retired_until(ring.now)
        key.retire(ring.now, until, self.forge.verifying(key.kid, key.sealed or b""))
        self.events.emit(KeyRetired(kid=key.kid, algorithm=key.algorithm, expires_at=until), of=key)
        await self.keys.keep(key)

    async def _remove(self, key: SigningKey, ring: HeldRing) -> None:
        marker = key.remove(ring.now)
        self.events.emit(KeyRemoved(kid=key.kid, algorithm=key.algorithm), of=key, revokes=[marker])
        await self.keys.keep(key)
