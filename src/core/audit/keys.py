"""What the audit trail is verified with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.secrets import Sealed, Secrets, seal

_HALF: Final = 32


@dataclass(frozen=True, slots=True)
class AuditKey:
    """What was derived from one master secret: the key of entries, and the public key of checkpoints."""

    leaf: bytes = field(repr=False)
    public: bytes
    """Ed25519, 32 bytes."""

    def verifier(self) -> Ed25519PublicKey:
        """Return what verifies checkpoints."""
        return Ed25519PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The keys of every master secret that is known, and what keeps them for the time after."""

    known: Mapping[int, AuditKey]
    """By the id of the master secret, the present one first."""
    signer: Ed25519PrivateKey = field(repr=False)
    sealed: Sealed = field(repr=False)

    @classmethod
    def of(cls, secrets: Secrets) -> Self:
        """Derive them from the master secrets."""
        signers = {kid: Ed25519PrivateKey.from_private_bytes(key) for kid, key in secrets.every(_SIGNING).items()}
        known = {
            kid: AuditKey(leaf, signers[kid].public_key().public_bytes_raw())
            for kid, leaf in secrets.every("audit").items()
        }
        return cls(known, next(iter(signers.values())), seal(secrets, "audit keys"))

    @property
    def kid(self) -> int:
        """The id of the present master secret."""
        return next(iter(self.known))

    @property
    def leaves(self) -> list[bytes]:
        """The keys of entries, the present one first."""
        return [key.leaf for key in self.known.values()]

    def kept(self, kid: int) -> bytes:
        """Return the key `kid`, sealed under the present master secret, for the time when its own is gone."""
        key = self.known[kid]
        return self.sealed.seal(key.leaf + key.public, _about(kid))

    def is_current(self, kid: int, kept: bytes) -> bool:
        """Return whether the present master secret sealed it."""
        return self.sealed.is_current(kept, _about(kid))

    def with_kept(self, kept: Mapping[int, bytes]) -> Self:
        """Return these and what was kept by id; raise `ValueError` if one of them was altered, or cannot be opened."""
        opened = {kid: self.sealed.open(each, _about(kid)) for kid, each in kept.items()}
        older = {kid: AuditKey(each[:_HALF], each[_HALF:]) for kid, each in opened.items()}
        return replace(self, known={**self.known, **{kid: key for kid, key in older.items() if kid not in self.known}})


_SIGNING: Final = "audit checkpoints"


def _about(kid: int) -> bytes:
    return b"audit key:%d" % kid
