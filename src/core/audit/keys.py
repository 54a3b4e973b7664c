"""What the audit trail is verified with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from struct import Struct
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.secrets import Sealed, Secrets, seal

_LEAF: Final = 32
_PUBLIC: Final = 64
_LIMITS: Final = Struct(">QQQ")
FOREVER: Final = 2**63 - 1
OVERLAP: Final = timedelta(days=1)
"""How long processes may go on with a master secret that was replaced: some are restarted later than others."""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """What was derived from one master secret: the key of entries, and the public key of checkpoints."""

    leaf: bytes = field(repr=False)
    public: bytes
    """Ed25519, 32 bytes."""
    retired_at: int = 0
    """When another was first used instead, in seconds since 1970; 0 for not yet."""
    last_entry: int = FOREVER
    """The position of the last entry that it vouches for: whoever finds an old master secret writes no new ones."""
    last_checkpoint: int = FOREVER
    """The number of the last checkpoint that it vouches for."""

    def verifier(self) -> Ed25519PublicKey:
        """Return what verifies checkpoints."""
        return Ed25519PublicKey.from_public_bytes(self.public)

    def stored(self) -> bytes:
        """Return it as it is kept, before it is sealed."""
        return self.leaf + self.public + _LIMITS.pack(self.retired_at, self.last_entry, self.last_checkpoint)

    @classmethod
    def of(cls, stored: bytes) -> Self:
        """Return the key that was kept; at first, keys were kept without an end."""
        limits = _LIMITS.unpack(stored[_PUBLIC:]) if len(stored) > _PUBLIC else ()
        return cls(stored[:_LEAF], stored[_LEAF:_PUBLIC], *limits)


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
    def every(self) -> list[AuditKey]:
        """All of them, the present one first."""
        return [*self.known.values()]

    def kept(self, kid: int) -> bytes:
        """Return the key `kid`, sealed under the present master secret, for the time when its own is gone."""
        return self.sealed.seal(self.known[kid].stored(), _about(kid))

    def retired(self, now: datetime, last_entry: int, last_checkpoint: int, overlap: timedelta = OVERLAP) -> Self:
        """Return these, those with an end that another has replaced for so long; the trail has come so far."""
        moment = int(now.timestamp())

        def until(kid: int, key: AuditKey) -> AuditKey:
            if kid == self.kid:
                return AuditKey(key.leaf, key.public)
            if not key.retired_at:
                return replace(key, retired_at=moment)
            if key.last_entry == FOREVER and moment - key.retired_at >= overlap.total_seconds():
                return replace(key, last_entry=last_entry, last_checkpoint=last_checkpoint)
            return key

        return replace(self, known={kid: until(kid, key) for kid, key in self.known.items()})

    def is_current(self, kid: int, kept: bytes) -> bool:
        """Return whether the present master secret sealed it."""
        return self.sealed.is_current(kept, _about(kid))

    def with_kept(self, kept: Mapping[int, bytes]) -> Self:
        """Return these and what was kept by id; raise `ValueError` if one of them was altered, or cannot be opened."""
        opened = {kid: AuditKey.of(self.sealed.open(each, _about(kid))) for kid, each in kept.items()}
        known = dict(self.known)
        for kid, key in opened.items():
            mine = known.get(kid, key)
            if kid != self.kid:
                known[kid] = replace(key, leaf=mine.leaf, public=mine.public)
        return replace(self, known=known)


_SIGNING: Final = "audit checkpoints"


def _about(kid: int) -> bytes:
    return b"audit key:%d" % kid
