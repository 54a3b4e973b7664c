"""A seal for tests: AES-GCM under a key of its own."""

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass(frozen=True)
class MemorySeal:
    cipher: AESGCM = field(default_factory=lambda: AESGCM(os.urandom(32)))

    def seal(self, plain: bytes, about: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        try:
            return self.cipher.decrypt(sealed[:12], sealed[12:], about)
        except InvalidTag as error:
            raise ValueError("not sealed by us") from error
