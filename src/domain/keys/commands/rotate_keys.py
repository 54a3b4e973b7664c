"""Rotate the signing keys."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.usecases import Command, interactor, message
from domain.keys.errors import KeyNotOpened, KeyNotReady, KeysManagedElsewhere
from domain.keys.events import KeyActivated, KeyPublished, KeyRetired
from domain.keys.policies import KeyPolicy
from domain.keys.rotating import Rotating
from domain.keys.schemas import KeyDetails, details


@message
class RotateKeys(Command[KeyDetails]):
    """Have the key that waits sign from now on, and return it.

    The key of before verifies what it signed until that has expired, and another one waits: nobody notices. Against a
    key that was stolen that is no help: remove it.
    """


@interactor(
    access=needs(Permission.KEYS_WRITE),
    raises=(KeyNotReady, KeyNotOpened, KeysManagedElsewhere, ConcurrentChange),
    emits=(KeyActivated, KeyPublished, KeyRetired),
    audit="keys.ring.rotate",
)
class RotateKeysInteractor:
    rotating: Rotating
    policy: KeyPolicy

    async def __call__(self, _: RotateKeys) -> KeyDetails:
        ring = await self.rotating.hold()
        active, waiting = ring.active, ring.next
        if active is None or waiting is None:
            raise KeyNotReady("The ring is not complete yet; in a moment it is.")
        ready = self.policy.ready_at(waiting)
        if ring.now < ready:
            raise KeyNotReady(f"Every verifier has the waiting key at {ready.isoformat(timespec='seconds')}.")
        await self.rotating.switch(active, waiting, ring)
        return details(waiting, self.policy)
