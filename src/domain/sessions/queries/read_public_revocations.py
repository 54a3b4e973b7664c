"""Read what verifiers of tokens must stop accepting, without a credential."""

from typing import Annotated

from domain.kernel.access import ANYONE
from domain.kernel.errors import CursorGone, CursorInvalid
from domain.kernel.schemas import Length, Range
from domain.kernel.usecases import Query, interactor, message
from domain.sessions.revocations import Telling
from domain.sessions.schemas import RevocationPart


@message
class ReadPublicRevocations(Query[RevocationPart]):
    """Return what verifiers of tokens must stop accepting: all that is live, or what came after a cursor.

    Open to anyone by configuration: markers name nothing but opaque ids. What was committed before the question is in
    the answer, and may come twice. With `after` and `wait` an empty answer is held back for up to so many seconds,
    until there is something to say.
    """

    after: Annotated[str, Length(1, 100)] | None = None
    wait: Annotated[float, Range(0, 10)] = 0


@interactor(access=ANYONE, raises=(CursorGone, CursorInvalid))
class ReadPublicRevocationsInteractor:
    telling: Telling

    async def __call__(self, request: ReadPublicRevocations) -> RevocationPart:
        return await self.telling.tell(request.after, request.wait)
