"""What identity refuses."""

from domain.kernel.errors import Invalid


class EmailInvalid(Invalid):
    """This is not an e-mail address that mail can be sent to."""

    code = "identity.email_invalid"


class PasswordTooWeak(Invalid):
    """The password is too short, too long, or too easy to guess."""

    code = "identity.password_too_weak"
