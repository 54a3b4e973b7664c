"""Do what is due about the signing keys."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.usecases import Command, interactor, message
from domain.keys.errors import KeyNotOpened, KeysManagedElsewhere
from domain.keys.events import KeyActivated, KeyPublished, KeyRemoved, KeyRetired
from domain.keys.policies import KeyPolicy
from domain.keys.rotating import Rotating


@message
class TendKeys(Command[None]):
    """Make the keys that are missing, and rotate when it is time.

    Sent by workers, and by whichever process finds an empty ring. A waiting key of another algorithm than the
    configured one is replaced; the active one is rotated out as soon as a key of that algorithm may sign.
    """


@interactor(
    access=needs(Permission.KEYS_WRITE),
    raises=(KeyNotOpened, KeysManagedElsewhere, ConcurrentChange),
    emits=(KeyActivated, KeyPublished, KeyRemoved, KeyRetired),
    audit="keys.ring.tend",
)
class TendKeysInteractor:
    rotating: Rotating
    policy: KeyPolicy

    async def __call__(self, _: TendKeys) -> None:
        ring = await self.rotating.hold()
        active, waiting = ring.active, ring.next
        if not self.policy.wants_work(active, waiting, ring.now):
            return
        if not ring.keys:
            await self.rotating.found(ring)
        elif active is None:
            await self.rotating.succeed(ring)
        elif waiting is None:
            await self.rotating.provide(ring)
        elif waiting.algorithm != self.policy.algorithm:
            await self.rotating.withdraw(waiting, ring)
        else:
            await self.rotating.switch(active, waiting, ring)
