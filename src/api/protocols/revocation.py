"""Revocation of tokens (RFC 7009) over HTTP."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Router, post
from msgspec import Meta, Struct

from api import headers, rate_limits, reading
from api.closed import closed
from api.endpoint import EDGE, Edge, attendant
from api.explaining import explained
from api.reply import Reply, unreached
from api.route import ROUTE, Route
from domain.kernel.usecases import use_case
from domain.sessions.commands.revoke_token import RevokeToken
from gatewright_verifier.tokens import LONGEST

PATH: Final = "/auth/revoke"


class RevocationRequest(Struct, frozen=True):
    """A token, and what its holder takes it for (section 2.1), which is not needed; other fields are ignored."""

    token: Annotated[str, Meta(min_length=1)]
    token_type_hint: str | None = None


CASE: Final = use_case(RevokeToken)
ATTEND: Final = attendant(CASE)


async def _revoke(request: Request[Any, Any, Any]) -> Reply:
    edge: Edge = request.scope["litestar_app"].opt[EDGE]
    given = headers.given(request.scope["headers"])
    fields = await reading.form(given, request.receive, edge.patience)
    try:
        asked = msgspec.convert(fields, RevocationRequest)
    except ValueError as error:
        raise explained(error, "body") from error
    met = rate_limits.listen(request.scope)
    if len(asked.token) <= LONGEST:
        await edge.dispatch(RevokeToken(token=asked.token), ATTEND(request.scope, given, edge))
    return Reply(200, b"", *rate_limits.headers(met))


revocation: Final = Router(
    "/",
    route_handlers=[
        post(
            PATH,
            operation_id=CASE.name,
            include_in_schema=False,
            opt={
                ROUTE: Route(
                    CASE,
                    {},
                    None,
                    ("body", RevocationRequest),
                    closed(RevokeToken, f"{CASE.name}Query", frozenset({"token"})),
                    None,
                    200,
                    form=True,
                )
            },
            before_request=_revoke,
        )(unreached())
    ],
)
