"""Device tokens: what proves that somebody has signed in on a device before. Nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, digest
from struct import Struct
from typing import Final
from uuid import UUID

from domain.identity.ports import DeviceTokens, KnownDevice
from domain.kernel.ids import UserId
from gatewright_verifier import base64url

PREFIX: Final = "gwd_"
LIFE: Final = timedelta(days=180)
"""How long a device is known without another sign-in."""
_HEAD: Final = Struct(">16sQI")
_PROOF: Final = 16
_LENGTH: Final = len(PREFIX) + 59


@dataclass(frozen=True, slots=True)
class SignedDeviceTokens(DeviceTokens):
    """The person, their epoch and the second of the sign-in, with 128 bits of their HMAC-SHA256, in base64url."""

    keys: Mapping[int, bytes] = field(repr=False)
    """By key id; the first signs new tokens, all of them are believed."""

    def make(self, device: KnownDevice, at: datetime) -> str:
        """See `DeviceTokens.make`."""
        head = _HEAD.pack(device.user_id.bytes, device.epoch, int(at.timestamp()))
        proof = digest(next(iter(self.keys.values())), head, sha256)[:_PROOF]
        return PREFIX + base64url.encode(head + proof).decode()

    def read(self, token: str, at: datetime) -> KnownDevice | None:
        """See `DeviceTokens.read`."""
        if len(token) != _LENGTH or not token.startswith(PREFIX):
            return None
        try:
            raw = base64url.decode(token.removeprefix(PREFIX).encode())
        except ValueError:
            return None
        head, proof = raw[: _HEAD.size], raw[_HEAD.size :]
        if not any(compare_digest(proof, digest(key, head, sha256)[:_PROOF]) for key in self.keys.values()):
            return None
        user, epoch, made = _HEAD.unpack(head)
        if at.timestamp() - made > LIFE.total_seconds():
            return None
        return KnownDevice(UserId(UUID(bytes=user)), epoch)
