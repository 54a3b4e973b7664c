"""Passwords by NIST SP 800-63B-4: long, not among the commonest, hashed with Argon2id (RFC 9106)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from os import urandom
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from core.hashing import HashingPool
from domain.identity.errors import PasswordTooWeak
from gatewright_verifier import base64url

MOST_CHARACTERS: Final = 256
"""At most 1,024 bytes."""
LEAST_MINIMUM: Final = 8
SHORTEST_WORD: Final = 3
"""Shorter words of the context say nothing about a password."""
LARGEST: Final = (1 << 20, 10, 16)
"""KiB, passes and lanes of a kept hash that we are willing to repeat."""


@dataclass(frozen=True, slots=True)
class Argon2Passwords:
    """Hash and verify in `pool`; refuse weak passwords before that."""

    pool: HashingPool
    memory: int = 19_456
    """KiB."""
    passes: int = 2
    lanes: int = 1
    minimum: int = 15
    """Characters: 15 where the password is the only factor, 8 at least where there is a second."""
    service: str = "gatewright"
    """What users call this service: no good password."""
    _hasher: PasswordHasher = field(init=False, repr=False)
    _nobody: str = field(init=False, repr=False)
    """A hash that no password has, and that costs as much to find out as any other."""

    def __post_init__(self) -> None:
        if self.minimum < LEAST_MINIMUM:
            raise ValueError(f"passwords have at least {LEAST_MINIMUM} characters (NIST SP 800-63B-4, section 3.1.1.2)")
        object.__setattr__(self, "_hasher", PasswordHasher(self.passes, self.memory, self.lanes))
        salt, tag = _base64(urandom(16)), _base64(urandom(32))
        costs = f"m={self.memory},t={self.passes},p={self.lanes}"
        object.__setattr__(self, "_nobody", f"$argon2id$v=19${costs}${salt}${tag}")

    def check(self, password: str, context: Sequence[str] = ()) -> None:
        """Raise `PasswordTooWeak` unless `password` may be chosen by whom `context` describes.

        `context` are words an attacker tries first: user name, local part of the address, name of the organization.
        """
        text = _prepared(password)
        if text is None:
            raise PasswordTooWeak(f"at most {MOST_CHARACTERS} characters, none of them NUL")
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

    async def hash(self, password: str) -> str:
        """Return what to keep (PHC string); raise `Overloaded`, or `PasswordTooWeak` for one too long to be hashed."""
        text = _prepared(password)
        if text is None:
            raise PasswordTooWeak(f"at most {MOST_CHARACTERS} characters, none of them NUL")
        return await self.pool.run(self._hasher.hash, text)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Return whether `kept` was made of `password`; raise `Overloaded`.

        None, and whatever is no hash of ours, is never right and costs the same time, so that nobody learns who exists.
        What is too long to be a password is answered without hashing, for everyone alike.
        """
        text = _prepared(password)
        if text is None:
            return False
        known = kept if kept is not None and _repeatable(kept) else self._nobody
        return await self.pool.run(self._matches, known, text)

    def outdated(self, kept: str) -> bool:
        """Return whether `kept` was made with other parameters than today's: hash the password again."""
        return not _repeatable(kept) or self._hasher.check_needs_rehash(kept)

    def _matches(self, kept: str, text: str) -> bool:
        try:
            return self._hasher.verify(kept, text)
        except (VerificationError, InvalidHashError):
            return False


def _prepared(password: str) -> str | None:
    """Return the password as it is hashed, None for what is not one: too long, with NUL, or no Unicode."""
    if len(password) > MOST_CHARACTERS or "\0" in password:
        return None
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return normalize("NFKC", password)


def _repeatable(kept: str) -> bool:
    """Return whether `kept` is an Argon2id hash of bearable cost: a hostile one could take all memory."""
    try:
        found = extract_parameters(kept)
    except ValueError:
        return False
    costs = (found.memory_cost, found.time_cost, found.parallelism)
    return found.type is Type.ID and all(cost <= most for cost, most in zip(costs, LARGEST, strict=True))


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


def _base64(raw: bytes) -> str:
    return base64url.encode(raw).decode().replace("-", "+").replace("_", "/")
