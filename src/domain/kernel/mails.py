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


@dataclass(frozen=True, slots=True)
class EmailChangeMail(Mail):
    """A link, sent to a new address, by which an account changes to it."""

    name = "email_change"
    link: str = field(repr=False)
    hours: int
    """How long the link works."""


@dataclass(frozen=True, slots=True)
class EmailChangeAskedMail(Mail):
    """The notice, sent to the address of an account, that somebody wants it to be another."""

    name = "email_change_asked"


@dataclass(frozen=True, slots=True)
class EmailChangeVainMail(Mail):
    """The notice, sent to an address, that an account cannot change to it because it has one already."""

    name = "email_change_vain"


@dataclass(frozen=True, slots=True)
class EmailChangedMail(Mail):
    """The notice, sent to the address of before, that an account has another one."""

    name = "email_changed"


@dataclass(frozen=True, slots=True)
class SessionEndedMail(Mail):
    """The notice that a session was ended because somebody else may have a copy of its tokens."""

    name = "session_ended"
    at: str
    """When, as people read it."""
    device: str
    """What signed in says it is."""
    address: str
    """Where it signed in from."""


@dataclass(frozen=True, slots=True)
class PasswordVoidedMail(Mail):
    """The notice that a password is void which was chosen before anybody proved the address."""

    name = "password_voided"


@dataclass(frozen=True, slots=True)
class SignInMail(Mail):
    """A code to sign in with."""

    name = "sign_in"
    code: str = field(repr=False)
    link: str = field(repr=False)
    minutes: int
    """How long they work."""


@dataclass(frozen=True, slots=True)
class NewDeviceMail(Mail):
    """The notice that somebody signed in on a device that the account was not used on before."""

    name = "new_device"
    at: str
    """When, as people read it."""
    device: str
    """What it says it is."""
    address: str


@dataclass(frozen=True, slots=True)
class WebhookDisabledMail(Mail):
    """The notice that a webhook is told nothing any more."""

    name = "webhook_disabled"
    webhook: str
    """Its id."""
    host: str
    """Of its address."""
    reason: str
    """As people read it."""
