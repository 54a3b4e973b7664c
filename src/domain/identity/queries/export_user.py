"""Export what is held about a person."""

from domain.identity.dossiers.readers import Dossiers
from domain.identity.dossiers.schemas import Dossier
from domain.identity.errors import UserNotFound
from domain.kernel.access import Permission, needs
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Query, interactor, message


@message
class ExportUser(Query[Dossier]):
    """Return everything that is held about a person, for somebody who answers a request for access."""

    user_id: UserId


@interactor(access=needs(Permission.USERS_EXPORT), raises=(UserNotFound, Overloaded), audit="identity.user.export")
class ExportUserInteractor:
    dossiers: Dossiers
    clock: Clock

    async def __call__(self, request: ExportUser) -> Dossier:
        held = await self.dossiers.find(request.user_id)
        if held is None:
            raise UserNotFound
        return Dossier(request.user_id, self.clock.now(), held)
