"""List erasures."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.erasures.readers import ErasureLists, ErasurePlace
from domain.identity.erasures.schemas import Erasure
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock, Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListErasures(Query[Page[Erasure]]):
    """List who was erased, the last first; with `overdue` those alone that a subscriber did not acknowledge in time."""

    overdue: bool = False
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.USERS_READ), raises=(CursorInvalid,))
class ListErasuresInteractor:
    erasures: ErasureLists
    cursors: Cursors
    clock: Clock

    async def __call__(self, request: ListErasures) -> Page[Erasure]:
        scope = ["ListErasures", str(request.overdue)]
        after = None
        if request.cursor is not None:
            erased_at, user_id = self.cursors.open(scope, request.cursor)
            after = ErasurePlace(datetime.fromisoformat(erased_at), UserId(UUID(user_id)))
        now = self.clock.now()
        found = list(await self.erasures.list(after, request.limit + 1, now, overdue=request.overdue))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.erased_at.isoformat(), str(last.user_id)]) if last else None)
