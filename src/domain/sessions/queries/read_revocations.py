"""Read what verifiers of tokens must stop accepting."""

from typing import Annotated

from domain.kernel.access import Permission, Standing, needs
from domain.kernel.errors import CursorGone, CursorInvalid
from domain.kernel.schemas import Length, Range
from domain.kernel.usecases import Query, interactor, message
from domain.sessions.revocations import Telling
from domain.sessions.schemas import RevocationPart


@message
class ReadRevocations(Query[RevocationPart]):
    """Return what verifiers of tokens must stop accepting: all that is live, or what came after a cursor.

    What was committed before the question is in the answer, and may come twice. With `after` and `wait` an empty answer
    is held back for up to so many seconds, until there is something to say. Whoever was signed out or lost the
    permission in the meantime is refused.
    """

    after: Annotated[str, Length(1, 100)] | None = None
    wait: Annotated[float, Range(0, 10)] = 0


@interactor(access=needs(Permission.REVOCATIONS_READ), raises=(CursorGone, CursorInvalid))
class ReadRevocationsInteractor:
    telling: Telling

    async def __call__(self, request: ReadRevocations, standing: Standing) -> RevocationPart:
        found = await self.telling.tell(request.after, request.wait)
        if request.wait:
            await standing.confirm()
        return found
