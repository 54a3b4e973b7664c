"""Get an erasure."""

from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.readers import ErasureLists
from domain.identity.erasures.schemas import Erasure
from domain.kernel.access import Permission, needs
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Query, interactor, message


@message
class GetErasure(Query[Erasure]):
    """Show how far the erasure of a person has come."""

    user_id: UserId


@interactor(access=needs(Permission.USERS_READ), raises=(ErasureNotFound,))
class GetErasureInteractor:
    erasures: ErasureLists
    clock: Clock

    async def __call__(self, request: GetErasure) -> Erasure:
        if erasure := await self.erasures.find(request.user_id, self.clock.now()):
            return erasure
        raise ErasureNotFound
