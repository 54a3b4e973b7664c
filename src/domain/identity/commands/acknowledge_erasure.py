"""Acknowledge an erasure."""

from typing import Annotated

from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.repositories import Erasures
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message


@message
class AcknowledgeErasure(Command[None]):
    """Say that a subscriber has erased its copies of a person's data; repeated, it changes nothing."""

    user_id: UserId
    subscriber: Annotated[str, Length(1, 64)]


@interactor(
    access=needs(Permission.ERASURES_ACKNOWLEDGE),
    raises=(ErasureNotFound, ConcurrentChange),
    audit="identity.erasure.acknowledge",
)
class AcknowledgeErasureInteractor:
    erasures: Erasures
    clock: Clock

    async def __call__(self, request: AcknowledgeErasure) -> None:
        await self.erasures.acknowledge(request.user_id, request.subscriber, self.clock.now())
