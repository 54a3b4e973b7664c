"""People and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from re import compile as pattern
from typing import ClassVar, Final, NewType
from unicodedata import category, normalize

from domain.identity.errors import FullNameInvalid, UsernameInvalid
from domain.kernel.ids import UserId, uuid7

EmailAddress = NewType("EmailAddress", str)
"""An address in canonical form, equal however it was typed; made by the port `EmailAddresses` only."""

LONGEST_NAME: Final = 200
_USERNAME: Final = pattern("[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])").fullmatch
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, yet part of the spelling of names in Persian and Indic scripts."""


@dataclass(eq=False, kw_only=True)
class User:
    """Someone who can sign in."""

    aggregate: ClassVar[str] = "user"

    id: UserId = field(default_factory=lambda: UserId(uuid7()))
    email: EmailAddress
    email_verified: bool = False
    username: str | None = None
    full_name: str | None = None
    is_active: bool = True
    epoch: int = 1
    """Access tokens that were issued under a lower one are dead."""
    created_at: datetime
    updated_at: datetime
    version: int = 0


@dataclass(eq=False, kw_only=True)
class Credential:
    """How a person proves who they are with a password."""

    user_id: UserId
    password_hash: str = field(repr=False)
    changed_at: datetime


class Purpose(StrEnum):
    """What a mailed link is good for."""

    RESET = "reset"
    VERIFICATION = "verification"
    EMAIL_CHANGE = "email_change"
    SIGN_IN = "sign_in"
    """Its token is the challenge: whoever asked has it, and the mail has the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What was mailed to somebody: whoever knows its token reads their mail. There is one per person and purpose."""

    user_id: UserId
    purpose: Purpose
    email: EmailAddress
    """Where it was mailed to; one that does not change the address is void once the person has another."""
    epoch: int
    """The person's epoch at that moment; it changes with the password and whenever everything is taken back."""
    token_hash: bytes = field(repr=False)
    expires_at: datetime

    def proves(self, user: User) -> bool:
        """Return whether it is still about `user` as they are."""
        return user.is_active and (self.user_id, self.email) == (user.id, user.email)


def username(text: str) -> str:
    """Return `text` as a canonical username, or raise `UsernameInvalid`."""
    found = text.strip().lower()
    if not _USERNAME(found):
        raise UsernameInvalid
    return found


def full_name(text: str) -> str:
    """Return `text` in NFC without outer white space, or raise `FullNameInvalid`.

    Bidirectional controls, other invisible characters and control characters are refused: a name is shown to others.
    """
    found = normalize("NFC", text).strip()
    hidden = any(category(character) in _HIDDEN and character not in _JOINERS for character in found)
    if hidden or not 0 < len(found) <= LONGEST_NAME:
        raise FullNameInvalid
    return found
