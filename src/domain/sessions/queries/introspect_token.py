"""Say whether a token is good."""

from domain.kernel.access import Permission, needs
from domain.kernel.usecases import Query, interactor, message, secret
from domain.sessions.ports import TokenInspection
from domain.sessions.schemas import Inspected


@message
class IntrospectToken(Query[Inspected]):
    """Say whether an access token is active at this moment, and what it says (RFC 7662).

    Of one that is expired, revoked, meant for somebody else or no access token at all it says that it is not active,
    and nothing more.
    """

    token: str = secret()


@interactor(access=needs(Permission.TOKENS_INTROSPECT))
class IntrospectTokenInteractor:
    inspection: TokenInspection

    async def __call__(self, request: IntrospectToken) -> Inspected:
        return Inspected(await self.inspection.inspect(request.token))
