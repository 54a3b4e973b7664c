"""What is said about a person, kept under a key of theirs: who destroys the key has erased it, in every copy."""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from typing import Any, Final, Self
from uuid import UUID

import msgspec

from core.secrets import Sealed, Secrets

SALT: Final = 32
"""Bytes. The key is made of them and of a master secret: neither is of use without the other."""
SEALED: Final = "@sealed"
"""The member of an event's data, as it is stored, with what is personal: whom it is about, and the rest in base64."""

_MARK: Final = f'"{SEALED}"'

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Unopened(ValueError):
    """What is personal in an event cannot be opened, as when a master secret is missing."""


@dataclass(frozen=True, slots=True)
class PersonalKeys:
    """Makes the key of each person, of their salt and of the master secret: the present one, or one before it."""

    masters: tuple[bytes, ...] = field(default=(), repr=False)
    """Derived from the master secrets, the present one first."""

    @classmethod
    def of(cls, secrets: Secrets) -> Self:
        """Derive what is needed from the master secrets."""
        return cls(secrets.opening("people"))

    def seal(self, salt: bytes, plain: bytes, about: bytes) -> bytes:
        """Seal `plain` for the person with this salt; it opens with the same `about` only."""
        return self._key(salt).seal(plain, about)

    def open(self, salt: bytes, sealed: bytes, about: bytes) -> bytes:
        """Return what was sealed, or raise `ValueError` when it was altered, moved, or is of another person."""
        return self._key(salt).open(sealed, about)

    def hide(self, data: Mapping[str, Any], names: Sequence[str], person: UUID, salt: bytes | None, event: UUID) -> Any:
        """Return an event's data to be stored: the fields `names` are null, and sealed beside the others.

        Without a salt, that of somebody who was erased, they are lost.
        """
        sealed = self.seal(salt, _encode({name: data[name] for name in names}), _about(event)) if salt else b""
        return {**data, **dict.fromkeys(names), SEALED: [str(person), b64encode(sealed).decode()]}

    def show(self, stored: str, salt: bytes | None, event: UUID) -> tuple[Any, bool]:
        """Return an event's data as it was stated, and whether the person was erased: then what was personal is null.

        What has nothing sealed in it is `msgspec.Raw`: it goes out as it is. Raise `Unopened` if it cannot be opened
        with the salt.
        """
        data = _decode(stored) if _MARK in stored else None
        if not isinstance(data, dict) or SEALED not in data:
            return msgspec.Raw(stored.encode()), False
        _, sealed = data.pop(SEALED)
        if salt is None or not sealed:
            return data, True
        try:
            opened = self.open(salt, b64decode(sealed), _about(event))
        except ValueError as error:
            raise Unopened(str(error)) from error
        return data | _decode(opened), False

    def read(self, stored: str, salt: bytes | None, event: UUID) -> Any:
        """Return an event's data as it was stated, read; see `show`."""
        data, _ = self.show(stored, salt, event)
        return _decode(data) if isinstance(data, msgspec.Raw) else data

    def pseudonyms(self, address: str) -> list[bytes]:
        """Return what stands for an address where it must not be read, under each master secret."""
        if not self.masters:
            raise ValueError("no key for personal data")
        return [digest(master, b"address:" + address.encode(), sha256) for master in self.masters]

    def _key(self, salt: bytes) -> Sealed:
        if not self.masters:
            raise ValueError("no key for personal data")
        current, *previous = (digest(master, salt, sha256) for master in self.masters)
        return Sealed(current, tuple(previous))


def new_salt() -> bytes:
    """Return a salt for somebody new."""
    return os.urandom(SALT)


def _about(event: UUID) -> bytes:
    return b"event:" + event.bytes
