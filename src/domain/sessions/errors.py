"""Refusals of the sessions capability."""

from domain.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from domain.kernel.ids import SessionId


class SignInRefused(Unauthenticated):
    """The address or the password is wrong, or the account may not sign in."""

    code = "sessions.sign_in_refused"
    keeps_work = True


class SignInOvertaken(SignInRefused):
    """The address or the password is wrong, or the account may not sign in."""

    # It says no more than `SignInRefused`, but nothing of the sign-in may stay: what was proved has ceased to hold.
    keeps_work = False


class EmailNotVerified(Forbidden):
    """Confirm your e-mail address first: a link was mailed to you."""

    code = "sessions.email_not_verified"
    # The link stays, and so does what was learned of the password.
    keeps_work = True


class RefreshRefused(Unauthenticated):
    """The refresh token is expired, spent, revoked, or none of ours; sign in again."""

    code = "sessions.refresh_refused"
    # Nothing came of it, and whoever has a dead token, or makes up a text, can send it for ever.
    noted = False


class RefreshTokenReused(RefreshRefused):
    """The refresh token is expired, spent, revoked, or none of ours; sign in again."""

    # It says no more than `RefreshRefused` to whoever sent it, but it ends a session, and so happens once to each.
    keeps_work = True
    noted = True

    def __init__(self, session_id: SessionId) -> None:
        super().__init__()
        self.session_id = session_id


class LoginMissing(Invalid):
    """Sign in with either `email` or `username`."""

    code = "sessions.login_missing"


class SessionNotFound(NotFound):
    """There is no such session of yours."""

    code = "sessions.session_not_found"
