"""Refusals of the identity capability."""

from domain.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class EmailInvalid(Invalid):
    """The e-mail address is malformed."""

    code = "identity.email_invalid"


class UsernameInvalid(Invalid):
    """A username has 2 to 32 characters: lower-case letters, digits, and `.`, `_` or `-` between them."""

    code = "identity.username_invalid"


class FullNameInvalid(Invalid):
    """A name has 1 to 200 characters, and none that are invisible or change the direction of the text."""

    code = "identity.full_name_invalid"


class PasswordTooWeak(Invalid):
    """The password is too short, too long or too common."""

    code = "identity.password_too_weak"


class PasswordWrong(Forbidden):
    """The current password is wrong."""

    code = "identity.password_wrong"
    keeps_work = True


class LinkRefused(Forbidden):
    """The link was used, replaced or has expired; ask for another one."""

    code = "identity.link_refused"


class EmailTaken(Conflict):
    """Another account already uses this e-mail address."""

    code = "identity.email_taken"


class UsernameTaken(Conflict):
    """Another account already uses this username."""

    code = "identity.username_taken"


class LastSuperuser(Conflict):
    """This is the last active superuser; name another one first."""

    code = "identity.last_superuser"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "identity.user_not_found"


class SetupClosed(Forbidden):
    """The first administrator exists already, or this is not the link that was made for them."""

    code = "identity.setup_closed"


class PasswordHashUnusable(Invalid):
    """The password hash is malformed, of a format that is not known, or costs too much to verify."""

    code = "identity.password_hash_unusable"


class TwoPasswords(Invalid):
    """A password and a password hash exclude each other."""

    code = "identity.two_passwords"
