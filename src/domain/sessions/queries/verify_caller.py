"""Say who asks, to a proxy that lets requests pass or not."""

from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.usecases import Query, interactor, message
from domain.sessions.schemas import Caller


@message
class VerifyCaller(Query[Caller]):
    """Say whose access token this is, in headers that a proxy passes on; for forward authentication."""


@interactor(access=SIGNED_IN)
class VerifyCallerInteractor:
    async def __call__(self, _: VerifyCaller, actor: Actor) -> Caller:
        return Caller(actor.user_id, actor.session_id, actor.organization_id)
