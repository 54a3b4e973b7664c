"""List people."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.readers import Place, ProfileLists, UserFilter
from domain.identity.schemas import UserProfile
from domain.kernel.access import Permission, needs
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import UserId
from domain.kernel.ports import Cursors
from domain.kernel.schemas import Length, Limit, Page
from domain.kernel.usecases import Query, interactor, message


@message
class ListUsers(Query[Page[UserProfile]]):
    """List people, the newest first."""

    email: Annotated[str, Length(1, 320)] | None = None
    is_active: bool | None = None
    limit: Limit = 50
    cursor: Annotated[str, Length(1, 1024)] | None = None


@interactor(access=needs(Permission.USERS_READ), raises=(CursorInvalid,))
class ListUsersInteractor:
    profiles: ProfileLists
    cursors: Cursors

    async def __call__(self, request: ListUsers) -> Page[UserProfile]:
        scope = ["ListUsers", request.email or "", str(request.is_active)]
        after = None
        if request.cursor is not None:
            created_at, user_id = self.cursors.open(scope, request.cursor)
            after = Place(datetime.fromisoformat(created_at), UserId(UUID(user_id)))
        wanted = UserFilter(request.email, request.is_active)
        found = list(await self.profiles.list(wanted, after, request.limit + 1))
        page, more = found[: request.limit], found[request.limit :]
        last = page[-1] if more else None
        return Page(page, self.cursors.seal(scope, [last.created_at.isoformat(), str(last.id)]) if last else None)
