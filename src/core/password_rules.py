"""Which passwords may be chosen, by NIST SP 800-63B-4, section 3.1.1.2: long, not among the commonest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from unicodedata import normalize

from domain.identity.errors import PasswordTooWeak

MOST_CHARACTERS: Final = 256
"""At most 1,024 bytes."""
LEAST_MINIMUM: Final = 8
SHORTEST_WORD: Final = 3
"""Shorter words of the context say nothing about a password."""
UNFIT: Final = f"at most {MOST_CHARACTERS} characters, none of them NUL"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What is asked of a new password."""

    minimum: int = 15
    """Characters: 15 where the password is the only factor, 8 at least where there is a second."""
    service: str = "gatewright"
    """What users call this service: no good password."""

    def __post_init__(self) -> None:
        if self.minimum < LEAST_MINIMUM:
            raise ValueError(f"passwords have at least {LEAST_MINIMUM} characters (NIST SP 800-63B-4, section 3.1.1.2)")

    def check(self, password: str, context: Sequence[str] = ()) -> None:
        """Raise `PasswordTooWeak` unless `password` may be chosen by whom `context` describes.

        `context` are words an attacker tries first: user name, local part of the address, name of the organization
        that invites.
        """
        text = prepared(password)
        if text is None:
            raise PasswordTooWeak(UNFIT)
        if len(text) < self.minimum:
            raise PasswordTooWeak(f"at least {self.minimum} characters")
        folded = text.casefold()
        unit = _repeated(folded)
        if folded in _commonest() or unit in _commonest():
            raise PasswordTooWeak("one of the commonest passwords")
        # Of a long one it is hard enough to guess how long it is.
        if len(unit) <= SHORTEST_WORD and len(folded) < 2 * self.minimum:
            raise PasswordTooWeak("a few characters over and over")
        if _known(folded, (self.service, *context)):
            raise PasswordTooWeak("made of a name that everybody knows")


def prepared(password: str) -> str | None:
    """Return the password as it is hashed, None for what is not one: too long, with NUL, or no Unicode."""
    if len(password) > MOST_CHARACTERS or "\0" in password:
        return None
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return normalize("NFKC", password)


@cache
def _commonest() -> frozenset[str]:
    """Return the 30,000 commonest passwords, casefolded. Takes 80 ms and 20 MiB, once."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - only whoever sets passwords pays for it

    return frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"])


def _repeated(text: str) -> str:
    """Return what `text` repeats, the last time perhaps cut short; `text` if it repeats nothing."""
    size = next(size for size in range(1, len(text) + 1) if text.startswith(text[size:]))
    return text[:size]


def _known(folded: str, context: Sequence[str]) -> bool:
    """Return whether nothing but digits and signs stands beside words of `context`."""
    words = {normalize("NFKC", word).casefold() for word in context}
    rest = folded
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= SHORTEST_WORD:
            rest = rest.replace(word, " ")
    return rest != folded and not any(character.isalpha() for character in rest)
