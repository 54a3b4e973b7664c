"""Introspection of tokens (RFC 7662) over HTTP."""

from dataclasses import replace
from typing import Any, Final

import msgspec
from litestar import Request, Router, post
from msgspec import Struct

from api import headers, reading
from api.closed import closed
from api.endpoint import EDGE, Edge
from api.explaining import explained
from api.reply import JSON, Reply, encode, unreached
from api.route import ROUTE, Route
from core.pipeline import Call
from domain.kernel.usecases import use_case
from domain.sessions.queries.introspect_token import IntrospectToken
from domain.sessions.schemas import ActiveToken

PATH: Final = "/auth/introspect"


class IntrospectionRequest(Struct, frozen=True):
    """A token, and what its holder takes it for (section 2.1); other fields are ignored."""

    token: str
    token_type_hint: str | None = None


class IntrospectionReply(Struct, frozen=True, omit_defaults=True):
    """Whether the token is active, and if it is what it says (section 2.2); if it is not, nothing more."""

    active: bool
    iss: str | None = None
    aud: list[str] | None = None
    sub: str | None = None
    client_id: str | None = None
    sid: str | None = None
    org: str | None = None
    jti: str | None = None
    iat: int | None = None
    exp: int | None = None
    token_type: str | None = None


CASE: Final = use_case(IntrospectToken)


async def _introspect(request: Request[Any, Any, Any]) -> Reply:
    edge: Edge = request.scope["litestar_app"].opt[EDGE]
    given = headers.given(request.scope["headers"])
    fields = await reading.form(given, request.receive, edge.patience)
    try:
        asked = msgspec.convert(fields, IntrospectionRequest)
    except ValueError as error:
        raise explained(error, "body") from error
    answered = await edge.dispatch(IntrospectToken(token=asked.token), Call(headers.credential(given)))
    return Reply(200, encode(said(answered.result.token)), JSON)


def said(token: ActiveToken | None) -> IntrospectionReply:
    """Return what is answered about a token."""
    if token is None:
        return IntrospectionReply(active=False)
    return IntrospectionReply(
        active=True,
        iss=token.issuer,
        aud=token.audience,
        sub=str(token.user_id),
        client_id=token.client_id,
        sid=str(token.session_id),
        org=str(token.organization_id) if token.organization_id else None,
        jti=str(token.token_id),
        iat=token.issued_at,
        exp=token.expires_at,
        token_type="Bearer",  # noqa: S106 - the type of a token, not one
    )


introspection: Final = Router(
    "/",
    route_handlers=[
        post(
            PATH,
            operation_id=CASE.name,
            include_in_schema=False,
            opt={
                ROUTE: Route(
                    replace(CASE, result=IntrospectionReply),
                    {},
                    None,
                    ("body", IntrospectionRequest),
                    closed(IntrospectToken, f"{CASE.name}Query", frozenset({"token"})),
                    None,
                    200,
                    form=True,
                )
            },
            before_request=_introspect,
        )(unreached())
    ],
)
