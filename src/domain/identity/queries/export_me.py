"""Export what is held about oneself."""

from typing import Final

from domain.identity.dossiers.readers import Dossiers
from domain.identity.dossiers.schemas import Dossier
from domain.identity.errors import UserNotFound
from domain.kernel.access import SIGNED_IN, Actor, recently
from domain.kernel.errors import Overloaded, ReauthenticationRequired, TooManyRequests
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Query, interactor, message

MOST: Final = 10
"""How often in an hour."""


@message
class ExportMe(Query[Dossier]):
    """Return everything that is held about the signed-in person."""


@interactor(
    access=recently(SIGNED_IN),
    raises=(UserNotFound, ReauthenticationRequired, Overloaded, TooManyRequests),
    audit="identity.user.export_own",
)
class ExportMeInteractor:
    dossiers: Dossiers
    limits: Limits
    clock: Clock

    async def __call__(self, _: ExportMe, actor: Actor) -> Dossier:
        await self.limits.hit("export", str(actor.user_id), MOST, 3600)
        held = await self.dossiers.find(actor.user_id)
        if held is None:
            raise UserNotFound
        return Dossier(actor.user_id, self.clock.now(), held)
