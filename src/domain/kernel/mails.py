"""Every mail that people are sent: its name, and what it tells."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Mail:
    """What somebody is told by mail. Its words are in two files of its name, as plain text and as HTML."""

    name: ClassVar[str]


@dataclass(frozen=True, slots=True)
class PasswordResetMail(Mail):
    """A link to choose another password."""

    name = "password_reset"
    link: str = field(repr=False)
    minutes: int
    """How long the link works."""


@dataclass(frozen=True, slots=True)
class PasswordChangedMail(Mail):
    """The notice that a password was changed."""

    name = "password_changed"


@dataclass(frozen=True, slots=True)
class VerificationMail(Mail):
    """A link that proves an address."""

    name = "verification"
    link: str = field(repr=False)
    hours: int
    """How long the link works."""


@dataclass(frozen=True, slots=True)
class AccountReadyMail(Mail):
    """Somebody signed up with the address, and a link that proves it."""

    name = "account_ready"
    link: str = field(repr=False)
    hours: int
    """How long the link works."""


@dataclass(frozen=True, slots=True)
class AccountKnownMail(Mail):
    """Somebody tried to sign up with an address that has an account."""

    name = "account_known"


@dataclass(frozen=True, slots=True)
class UsernameTakenMail(Mail):
    """Somebody tried to sign up with a username that is another's."""

    name = "username_taken"


@dataclass(frozen=True, slots=True)
class InvitationMail(Mail):
    """A link by which somebody joins an organization."""

    name = "invitation"
    organization: str
    """As its members named it: nothing may be taken for markup."""
    link: str = field(repr=False)
    until: str
    """When the link ceases to work, as people read it."""
