"""Sessions over HTTP."""

from collections.abc import Mapping
from typing import Final

from litestar import Router, delete, get, post

from api.endpoint import endpoint
from domain.sessions.commands.dev_sign_in import DevSignIn
from domain.sessions.commands.finish_mailed_sign_in import FinishMailedSignIn
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.request_mailed_sign_in import RequestMailedSignIn
from domain.sessions.commands.revoke_session import RevokeSession
from domain.sessions.commands.revoke_sessions import RevokeSessions
from domain.sessions.commands.revoke_user_sessions import RevokeUserSessions
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.queries.list_sessions import ListSessions
from domain.sessions.queries.read_public_revocations import ReadPublicRevocations
from domain.sessions.queries.read_revocations import ReadRevocations
from domain.sessions.queries.verify_caller import VerifyCaller

WHO: Final[Mapping[str, str]] = {
    "X-Auth-Subject": "subject",
    "X-Auth-Session": "session",
    "X-Auth-Organization": "organization",
}
"""What a proxy passes on, and the fields of `Caller` it comes from."""


def sessions(*, dev: bool, told: bool) -> Router:
    """Return the routes; `dev` adds what lets anyone in, `told` tells anyone what was revoked."""
    return Router(
        "/auth",
        route_handlers=[
            endpoint(post, "/login", SignIn, status=200),
            endpoint(post, "/login/email", RequestMailedSignIn, status=202),
            endpoint(post, "/login/email/finish", FinishMailedSignIn, status=200),
            endpoint(post, "/refresh", RefreshSession, status=200, cookie="refresh_token"),
            endpoint(post, "/logout", SignOut, status=204, forgets=True),
            endpoint(get, "/verify", VerifyCaller, tells=WHO, forwarded=True),
            endpoint(get, "/sessions", ListSessions),
            endpoint(delete, "/sessions", RevokeSessions, status=204),
            endpoint(delete, "/sessions/{session_id:uuid}", RevokeSession, status=204),
            endpoint(get, "/revocations", ReadPublicRevocations if told else ReadRevocations),
            endpoint(delete, "/users/{user_id:uuid}/sessions", RevokeUserSessions, status=204),
            *([endpoint(post, "/dev/login", DevSignIn, status=200)] if dev else []),
        ],
    )
