"""At least as fresh as that command."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from struct import Struct, error
from typing import Final, Self

_PACKED: Final = Struct(">B8sQ")
_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class ConsistencyToken:
    """What a reader must have seen: a command's transaction, and the log it belongs to.

    Opaque to clients: 23 characters of base64url. `log` is the first eight bytes of the log's id, which is renewed when
    a backup is restored, so that a token of the time before counts as newer than everything.
    """

    log: bytes
    transaction: int

    def __str__(self) -> str:
        packed = _PACKED.pack(_FORMAT, self.log, self.transaction)
        return urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token; one that cannot be read is newer than everything, so that it is never answered from a copy."""
        try:
            kind, log, transaction = _PACKED.unpack(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, error):
            return cls(b"", _NEWEST)
        return cls(log, transaction) if kind == _FORMAT else cls(b"", _NEWEST)

    def within(self, log: bytes, horizon: int) -> bool:
        """Return whether a reader of `log` that sees every transaction below `horizon` has seen this one."""
        return self.log == log and self.transaction < horizon


_NEWEST: Final = 2**63 - 1
