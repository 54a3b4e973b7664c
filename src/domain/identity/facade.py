"""What identity does for its neighbours."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from domain.identity.errors import (
    EmailInvalid,
    EmailTaken,
    FullNameInvalid,
    PasswordTooWeak,
    UsernameInvalid,
    UsernameTaken,
    UserNotFound,
)
from domain.identity.events import PasswordVoided, UserUpdated
from domain.identity.schemas import Email, FullName, Password, Username
from domain.kernel.access import Origin
from domain.kernel.errors import Overloaded
from domain.kernel.ids import UserId
from domain.kernel.tokens import Tokens

__all__ = [
    "REGISTRATION_REFUSALS",
    "Accounts",
    "Email",
    "EmailInvalid",
    "FullName",
    "Identified",
    "Identities",
    "InvitationEnding",
    "MailIdentities",
    "NewPerson",
    "Password",
    "PasswordVoided",
    "Person",
    "SessionRenewal",
    "UserNotFound",
    "UserUpdated",
    "Username",
]

REGISTRATION_REFUSALS: Final = (
    EmailInvalid,
    EmailTaken,
    FullNameInvalid,
    Overloaded,
    PasswordTooWeak,
    UsernameInvalid,
    UsernameTaken,
)
"""What `Accounts.register` may raise."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A person who has proved who they are."""

    user_id: UserId
    epoch: int
    """The revocation epoch that the proof was checked under."""
    email: str
    """Where they are told of what happens to their account."""
    email_verified: bool
    created_at: datetime
    """When the account was made."""
    familiar: bool = False
    """Whether it was proved on a device that they have signed in on before."""
    device_token: str | None = field(default=None, repr=False)
    """What proves that the next time; None if nothing was proved."""


class Identities(Protocol):
    """Tell who somebody is."""

    async def verify(self, login: str, password: str, origin: Origin) -> Identified | None:
        """Return the active person whose e-mail address or username and password these are, None for anybody else.

        Takes the same time whether or not there is such an account. Counts failures in the transaction of the command,
        and after too many in a row refuses every password for a while, from that network or from everywhere. May raise
        `Overloaded`. Holds no connection while it hashes.
        """

    async def remind(self, user_id: UserId) -> None:
        """Mail the person a link that proves their address, unless they were mailed enough of them lately."""

    async def recognise(self, login: str) -> Identified | None:
        """Return the active person with this e-mail address or username, unproved: for development only."""


class MailIdentities(Protocol):
    """Tell who somebody is by a code that they were mailed."""

    async def challenge(self, email: str, origin: Origin) -> str:
        """Mail a code to whoever has the address and may sign in, if anybody; return what the code belongs to.

        Raise `EmailInvalid`, or `TooManyRequests`.
        """

    async def prove(self, challenge: str, code: str, origin: Origin) -> Identified | None:
        """Return who was mailed `code` for `challenge`, and proved their address by it; None for anything else.

        A password that was chosen before is void then, with every session: it may be that of whoever signed up with
        the address of somebody else.
        May raise `TooManyRequests`. Failures are counted in the transaction of the command.
        """


class InvitationEnding(Protocol):
    """End invitations of somebody who is erased; for whoever keeps any to implement."""

    async def withdraw_all(self, addresses: Collection[str]) -> None:
        """Withdraw every invitation to one of these canonical addresses, and announce the end of each."""


class SessionRenewal(Protocol):
    """Sign somebody in anew all of whose sessions have just ended; for whoever keeps sessions to implement."""

    async def renew(self, user_id: UserId, epoch: int, origin: Origin, device_token: str) -> Tokens:
        """Start a session under the new `epoch` of a person who has given their password, and announce it.

        `device_token` proves the same device under that epoch; it goes out with the other tokens.
        """


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    user_id: UserId
    email: str
    """In canonical form."""
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Whose account is to be made, as they wrote it; the address is known to be theirs."""

    email: str
    password: str = field(repr=False)
    full_name: str | None = None
    username: str | None = None
    words: tuple[str, ...] = ()
    """What else the password must not be made of."""


class Accounts(Protocol):
    """Find accounts, and make them."""

    def address(self, text: str) -> str:
        """Return the canonical form of an e-mail address, or raise `EmailInvalid`."""

    async def find(self, address: str) -> UserId | None:
        """Return whose account has the canonical `address`, if anybody's; holds no connection afterwards."""

    async def get(self, user_id: UserId) -> Person:
        """Return the person, whom nobody else can change until the command ends, or raise `UserNotFound`."""

    async def register(self, new: NewPerson) -> Person:
        """Make an account with a verified address, or raise one of `REGISTRATION_REFUSALS`.

        Announces `UserCreated`. Hashes the password before it writes: call it before anything of the command connects.
        """
