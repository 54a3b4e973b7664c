"""Export what is held about oneself."""

from typing import Annotated, Final

from domain.identity.dossiers.exporting import DossierParts
from domain.identity.dossiers.schemas import Dossier
from domain.identity.errors import UserNotFound
from domain.kernel.access import SIGNED_IN, Actor, recently
from domain.kernel.errors import CursorInvalid, Overloaded, ReauthenticationRequired, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.schemas import Length
from domain.kernel.usecases import Query, interactor, message

MOST: Final = 10
"""How often in an hour."""
MOST_PARTS: Final = 200
"""How many parts after the first."""


@message
class ExportMe(Query[Dossier]):
    """Return everything that is held about the signed-in person.

    Of events and audit entries there are 5,000 each at a time; with the `cursor` that came as `next`, there are more.
    """

    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(
    access=recently(SIGNED_IN),
    raises=(UserNotFound, CursorInvalid, ReauthenticationRequired, Overloaded, TooManyRequests),
    audit="identity.user.export_own",
)
class ExportMeInteractor:
    parts: DossierParts
    limits: Limits

    async def __call__(self, request: ExportMe, actor: Actor) -> Dossier:
        name, most = ("export", MOST) if request.cursor is None else ("export_part", MOST_PARTS)
        await self.limits.hit(name, str(actor.user_id), most, 3600)
        return await self.parts.read(actor.user_id, request.cursor)
