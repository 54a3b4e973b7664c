"""What identity needs from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.identity.models import EmailAddress, Link, Purpose
from domain.kernel.ids import UserId
from domain.kernel.revocation import Marker


class Passwords(Protocol):
    """Judge, hash and verify passwords, off the event loop; raise `Overloaded` rather than queue without bound."""

    def check(self, password: str, context: Sequence[str] = ()) -> None:
        """Raise `PasswordTooWeak` unless `password` may be used by someone whom the texts of `context` describe."""

    async def hash(self, password: str) -> str:
        """Return a self-describing hash of `password`, which somebody chose.

        Raise `PasswordTooWeak` if it is known from a breach, or too long. May ask another host: hold no connection.
        """

    def adopt(self, text: str) -> str:
        """Return what to keep of a hash that another system made, or raise `PasswordHashUnusable`."""

    def admit(self) -> None:
        """Raise `Overloaded` if a password could not be verified now, before anything is read for it."""

    async def verify(self, kept: str | None, password: str) -> bool:
        """Return whether `kept` is a hash of `password`; without one, return False after the same time."""

    async def prove(self, kept: str | None, password: str, *, renew: bool = True) -> tuple[bool, str | None]:
        """Return whether `kept` is a hash of `password`, and one to keep instead if it was made in another way.

        Both take one wait in the queue. Without `renew` nothing is made anew.
        """


class BreachedPasswords(Protocol):
    """Know passwords that were stolen elsewhere."""

    async def includes(self, password: str) -> bool:
        """Return whether `password` is known to be breached; False when that cannot be found out in time."""


class EmailAddresses(Protocol):
    """Read e-mail addresses."""

    def parse(self, text: str) -> EmailAddress:
        """Return the canonical form of `text` (NFC, IDNA A-labels, case folded), or raise `EmailInvalid`."""


@dataclass(frozen=True, slots=True)
class KeptCredential:
    """What is known of an account before anyone has proved to own it."""

    user_id: UserId
    email: str
    password_hash: str | None = field(repr=False)
    is_active: bool
    email_verified: bool
    epoch: int
    created_at: datetime
    failures: int = 0
    """Failed attempts in a row, from everywhere."""
    failures_here: int = 0
    """Failed attempts in a row from the network that asks."""
    failed_at: datetime | None = None
    """When the last of those from everywhere was."""
    failed_here_at: datetime | None = None


class Credentials(Protocol):
    """Find what proves a person. Hold no connection once a method has returned."""

    async def find(self, login: str, network: str = "") -> KeptCredential | None:
        """Return the credential of the account whose canonical e-mail address or username is `login`.

        `network` names where the request came from; failures from there are also counted apart.
        """

    async def find_by_id(self, user_id: UserId, network: str = "") -> KeptCredential | None:
        """Return the credential of the account."""


class Failures(Protocol):
    """Count failed sign-ins, in the transaction of the command: the truth of the lockout, which outlives any cache."""

    async def count(self, user_id: UserId, network: str, at: datetime, *more: str) -> None:
        """Count one more failure in a row, in all, from `network`, and in each of `more`.

        While `network` is closed (`verification.FAILURES`, none of them `PAUSE` ago) only those of `more` go on: what
        was under way when it closed closes the account to nobody else. `verification.NOWHERE` is never closed.
        The row of all begins anew `verification.PAUSE` after its last failure: else one now and then would keep the
        account closed to everybody. Those of one place go on until somebody there proves to own the account.
        """

    async def forget(self, user_id: UserId, network: str, *more: str) -> None:
        """End the rows of failures that `count` counts: somebody there proved to own the account."""

    async def clear(self, user_id: UserId) -> None:
        """End every row of failures of the account."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that somebody has signed in on, under an epoch of theirs."""

    user_id: UserId
    epoch: int
    """What knew the password before it was changed is known no more."""


class DeviceTokens(Protocol):
    """Make and read what proves that somebody has signed in on a device before."""

    def make(self, device: KnownDevice, at: datetime) -> str:
        """Return the token of a device that was signed in on just now."""

    def read(self, token: str, at: datetime) -> KnownDevice | None:
        """Return what `token` proves; None if it is none of ours, or older than devices are known for."""


class SignInRequests(Protocol):
    """Take up the wish to sign in by mail."""

    def ask(self, address: str, challenge: str) -> None:
        """Queue the question, in the command's transaction, whether anybody may be mailed a code for `challenge`."""


class SessionEnding(Protocol):
    """End sessions of a person, in the transaction of the command and after the change that made them obsolete."""

    async def end_all(self, user_id: UserId, epoch: int, at: datetime) -> Sequence[Marker]:
        """End every session; return the marker by which all tokens issued under an epoch below `epoch` die."""


class LinkTokens(Protocol):
    """Make the tokens of mailed links: 256 random bits behind a prefix that tells what they are good for."""

    def make(self, purpose: Purpose) -> tuple[str, bytes]:
        """Return a new token, and the keyed hash that is stored of it."""

    def hashes(self, purpose: Purpose, token: str) -> Sequence[bytes]:
        """Return what may be stored of `token`, under the present key and those before it; nothing if none of these."""

    def codes(self, challenge: str) -> Sequence[str]:
        """Return the eight digits that answer `challenge`, under the present key first; nobody can tell one from it."""


class LinkReader(Protocol):
    """Read mailed links as last committed, without a transaction; holds no connection between calls."""

    async def find(self, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        """Return the link whose token has one of `hashes` and has not expired by `at`."""


class ResetRequests(Protocol):
    """Have somebody mailed a link to reset their password, if the command commits."""

    def ask(self, address: str) -> None:
        """Queue the question whose account has the canonical `address`, and the mail.

        The same is queued for every address, so that asking takes the same time and leaves the same traces.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """What an account is to be made of, if nobody has the address or the username."""

    user_id: UserId
    """Chosen by whoever asks, so that it is made once however often it is tried."""
    email: str
    full_name: str | None
    username: str | None
    password_hash: str = field(repr=False)
    bearable: bool
    """Whether the address may be told that there is no new account."""


class AccountRequests(Protocol):
    """Have an account made, if the command commits."""

    def ask(self, account: AccountRequest) -> None:
        """Queue it; the same is queued whether there is such an account or not. See `ResetRequests.ask`."""


class Superusers(Protocol):
    """Know who holds the system role `superuser`, in the transaction of the command."""

    async def name(self, user_id: UserId, at: datetime) -> None:
        """Grant the role."""

    async def includes(self, user_id: UserId) -> bool:
        """Return whether the person holds the role."""

    async def spare(self, user_id: UserId) -> None:
        """Raise `LastSuperuser` if `user_id` alone is active and holds it; waits for a twin that asks the same."""


class Setup(Protocol):
    """Know whether the first administrator may still be named."""

    def prove(self, token: str) -> None:
        """Raise `SetupClosed` unless `token` is the one that was printed; compared in constant time."""

    async def finish(self, at: datetime) -> None:
        """Close the setup for ever, in the transaction of the command, or raise `SetupClosed` if it is closed."""
