"""Remove a signing key in an emergency."""

from typing import Annotated

from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message
from domain.keys.errors import KeyNotFound, KeysManagedElsewhere
from domain.keys.events import KeyActivated, KeyPublished, KeyRemoved
from domain.keys.rotating import Rotating


@message
class RemoveKey(Command[None]):
    """Refuse everything that a key signed, everywhere and at once; repeated, it changes nothing.

    For a key that was stolen. Whoever has a token of it refreshes it; if it signed, the waiting key takes its place.
    """

    kid: Annotated[str, Length(1, 128)]


@interactor(
    access=needs(Permission.KEYS_WRITE),
    raises=(KeyNotFound, KeysManagedElsewhere, ConcurrentChange),
    emits=(KeyActivated, KeyPublished, KeyRemoved),
    audit="keys.key.remove",
)
class RemoveKeyInteractor:
    rotating: Rotating

    async def __call__(self, request: RemoveKey) -> None:
        await self.rotating.remove(request.kid, await self.rotating.hold())
