"""People and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime
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
