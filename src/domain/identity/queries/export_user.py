"""Export what is held about a person."""

from typing import Annotated

from domain.identity.dossiers.exporting import DossierParts
from domain.identity.dossiers.schemas import Dossier
from domain.identity.errors import UserNotFound
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid, Overloaded
from domain.kernel.ids import UserId
from domain.kernel.schemas import Length
from domain.kernel.usecases import Query, interactor, message


@message
class ExportUser(Query[Dossier]):
    """Return everything that is held about a person, for somebody who answers a request for access.

    Of events and audit entries there are 5,000 each at a time; with the `cursor` that came as `next`, there are more.
    """

    user_id: UserId
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(
    access=needs(Permission.USERS_EXPORT),
    raises=(UserNotFound, CursorInvalid, Overloaded),
    audit="identity.user.export",
)
class ExportUserInteractor:
    parts: DossierParts

    async def __call__(self, request: ExportUser) -> Dossier:
        return await self.parts.read(request.user_id, request.cursor)
