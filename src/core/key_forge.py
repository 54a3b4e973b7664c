"""Make signing keys, and keep them where only the master secret reads or writes them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any, Final

import msgspec

from core.keyring import KeyRing, generate
from core.secrets import Sealed
from domain.keys.errors import KeyNotOpened
from domain.keys.ports import KeyForge, MadeKey
from gatewright_verifier.jwk import Key, members, read


@dataclass(frozen=True, slots=True)
class KeySafe:
    """Seals JSON Web Keys, public ones too: whoever writes into the database can neither sign nor slip in a key."""

    sealed: Sealed

    def close(self, kid: str, jwk: Mapping[str, Any]) -> bytes:
        """Seal a key, to be opened under its id only."""
        return self.sealed.seal(msgspec.json.encode(jwk), _about(kid))

    def open(self, kid: str, sealed: bytes) -> dict[str, Any]:
        """Return the key, or raise `ValueError`."""
        jwk: dict[str, Any] = loads(self.sealed.open(sealed, _about(kid)))
        return jwk

    def key(self, kid: str, sealed: bytes) -> Key:
        """Return the key, ready for use, or raise `ValueError`."""
        return read(self.open(kid, sealed))

    def renewed(self, kid: str, sealed: bytes) -> bytes | None:
        """Seal again what an earlier master secret sealed; None if there is no need or nothing opens it."""
        return self.sealed.renewed(sealed, _about(kid))


@dataclass(frozen=True, slots=True)
class SealingForge(KeyForge):
    """Makes keys here. A ring may start with those of a JWK Set in a file (RFC 7517)."""

    safe: KeySafe
    inheritance: Path | None = None

    async def make(self, algorithm: str) -> MadeKey:
        """See `KeyForge.make`. Making an RSA key takes a while, so the loop goes on."""
        (jwk,) = members(await asyncio.to_thread(generate, algorithm))
        return self._sealed(jwk)

    def inherited(self) -> Sequence[MadeKey]:
        """See `KeyForge.inherited`. Raise `ValueError` if the set is malformed, or a key weak."""
        if self.inheritance is None or not self.inheritance.exists():
            return []
        text = self.inheritance.read_text()
        found = members(text)
        KeyRing.load(text, found[0].get("alg") if found else None)
        return [self._sealed(jwk) for jwk in found]

    def opens(self, kid: str, sealed: bytes) -> bool:
        """See `KeyForge.opens`."""
        try:
            self.safe.key(kid, sealed)
        except ValueError:
            return False
        return True

    def verifying(self, kid: str, sealed: bytes) -> bytes:
        """See `KeyForge.verifying`."""
        try:
            key = self.safe.key(kid, sealed)
        except ValueError as error:
            raise KeyNotOpened from error
        return self.safe.close(kid, key.public) if key.public else sealed

    def _sealed(self, jwk: Mapping[str, Any]) -> MadeKey:
        key = read(jwk)
        named = {**jwk, "kid": key.kid}
        return MadeKey(key.kid, key.algorithm, self.safe.close(key.kid, named))


def _about(kid: str) -> bytes:
    return _ABOUT + kid.encode()


_ABOUT: Final = b"signing key "
