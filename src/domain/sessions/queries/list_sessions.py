"""List one's own sessions."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import SessionId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message
from domain.sessions.devices import device
from domain.sessions.ports import SessionLists, SessionPlace
from domain.sessions.schemas import SessionInfo


@message
class ListSessions(Query[Page[SessionInfo]]):
    """List the caller's live sessions, the newest first."""

    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=SIGNED_IN, raises=(CursorInvalid,))
class ListSessionsInteractor:
    sessions: SessionLists
    cursors: Cursors

    async def __call__(self, request: ListSessions, actor: Actor) -> Page[SessionInfo]:
        scope = ["ListSessions", str(actor.user_id)]
        after = None
        if request.cursor is not None:
            created_at, session_id = self.cursors.open(scope, request.cursor)
            after = SessionPlace(datetime.fromisoformat(created_at), SessionId(UUID(session_id)))
        known = await self.sessions.list(actor.user_id, actor.session_id, after, request.limit + 1)
        found = [replace(each, device=device(each.user_agent)) for each in known]
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)
