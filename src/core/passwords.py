"""Passwords, hashed with Argon2id (RFC 9106); those that others hashed are verified too, and hashed anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import urandom
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.foreign import formats
from core.foreign.crypts import repeatable
from core.hashing import HashingPool
from core.password_rules import UNFIT, PasswordRules, prepared
from domain.identity.errors import PasswordHashUnusable, PasswordTooWeak
from domain.identity.ports import BreachedPasswords, Passwords
from gatewright_verifier import base64url

IMPORTED: Final = "imported:"
"""Before a hash that another system made: of the password as it was typed, not in our normal form."""


@dataclass(frozen=True, slots=True)
class Argon2Passwords(Passwords):
    """Hash and verify in `pool`; refuse weak passwords before that."""

    pool: HashingPool
    memory: int = 19_456
    """KiB."""
    passes: int = 2
    lanes: int = 1
    rules: PasswordRules = field(default_factory=PasswordRules)
    breached: BreachedPasswords | None = None
    _hasher: PasswordHasher = field(init=False, repr=False)
    _nobody: str = field(init=False, repr=False)
    """A hash that no password has, and that costs as much to find out as any other."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hasher", PasswordHasher(self.passes, self.memory, self.lanes))
        salt, tag = _base64(urandom(16)), _base64(urandom(32))
        costs = f"m={self.memory},t={self.passes},p={self.lanes}"
        object.__setattr__(self, "_nobody", f"$argon2id$v=19${costs}${salt}${tag}")

    def check(self, password: str, context: Sequence[str] = ()) -> None:
        """See `Passwords.check`."""
        self.rules.check(password, context)

    async def hash(self, password: str) -> str:
        """See `Passwords.hash`; returns a PHC string."""
        text = prepared(password)
        if text is None:
            raise PasswordTooWeak(UNFIT)
        if self.breached and await self.breached.includes(text):
            raise PasswordTooWeak("known from a breach of another service")
        return await self.pool.run(self._hasher.hash, text)

    def adopt(self, text: str) -> str:
        """See `Passwords.adopt`."""
        formats.read(text)
        return IMPORTED + text

    def admit(self) -> None:
        """See `Passwords.admit`."""
        self.pool.admit()

    async def verify(self, kept: str | None, password: str) -> bool:
        """See `Passwords.verify`."""
        fits, _ = await self.prove(kept, password, renew=False)
        return fits

    async def prove(self, kept: str | None, password: str, *, renew: bool = True) -> tuple[bool, str | None]:
        """See `Passwords.prove`.

        Whatever is no hash costs what one of today's parameters does. What is too long to be a password is answered
        without hashing, for everyone alike.
        """
        text = prepared(password)
        if text is None:
            return False, None
        return await self.pool.run(self._prove, kept, password, text, renew=renew)

    def _prove(self, kept: str | None, password: str, text: str, *, renew: bool) -> tuple[bool, str | None]:
        """Blocks for one hash; for those of other systems, and whenever one is made anew, for two."""
        if kept is not None and kept.startswith(IMPORTED):
            fits = _adopted(kept.removeprefix(IMPORTED), password, text)
            if fits and renew:
                return True, self._hasher.hash(text)
            # One that is cheap must not be told from nobody's by how soon it is found wrong.
            self._matches(self._nobody, text)
            return fits, None
        known = kept if kept is not None and repeatable(kept) else self._nobody
        fits = self._matches(known, text)
        return fits, self._hasher.hash(text) if fits and renew and self._hasher.check_needs_rehash(known) else None

    def _matches(self, kept: str, text: str) -> bool:
        try:
            return self._hasher.verify(kept, text)
        except (VerificationError, InvalidHashError):
            return False


def _adopted(text: str, typed: str, normal: str) -> bool:
    """Return whether the hash `text` of another system is of the password as it was typed, else in normal form."""
    try:
        check = formats.read(text)
    except PasswordHashUnusable:
        return False
    return check(typed.encode()) or (normal != typed and check(normal.encode()))


def _base64(raw: bytes) -> str:
    return base64url.encode(raw).decode().replace("-", "+").replace("_", "/")
