"""Cursors that nobody can forge, or use for another list than the one they were made for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Final

import msgspec

from domain.kernel.errors import CursorInvalid
from domain.kernel.ports import Cursors
from gatewright_verifier import base64url

LONGEST: Final = 4096
_ID, _PROOF = 2, 16


@dataclass(frozen=True, slots=True)
class SignedCursors(Cursors):
    """Key id, HMAC-SHA256 (128 bits) over scope and place, and the place as JSON; all in base64url.

    The place can be read by whoever holds the cursor: it was in the list.
    """

    keys: Mapping[int, bytes] = field(repr=False)
    """By key id; the first one makes cursors, all of them verify."""

    def seal(self, scope: Sequence[str], place: Sequence[Any]) -> str:
        """Return the cursor of `place`; times become RFC 3339 text and UUIDs text, which `open` returns as such."""
        key_id, key = next(iter(self.keys.items()))
        payload = msgspec.json.encode(place)
        cursor = base64url.encode(key_id.to_bytes(_ID, "big") + _proof(key, scope, payload) + payload)
        if len(cursor) > LONGEST:
            raise ValueError("the place is too long for a cursor")
        return cursor.decode()

    def open(self, scope: Sequence[str], cursor: str) -> Sequence[Any]:
        if len(cursor) > LONGEST:
            raise CursorInvalid
        try:
            raw = base64url.decode(cursor.encode())
        except ValueError:
            raise CursorInvalid from None
        key = self.keys.get(int.from_bytes(raw[:_ID], "big"))
        proof, payload = raw[_ID : _ID + _PROOF], raw[_ID + _PROOF :]
        if key is None or not compare_digest(proof, _proof(key, scope, payload)):
            raise CursorInvalid
        return msgspec.json.decode(payload, type=list[Any])


def _proof(key: bytes, scope: Sequence[str], payload: bytes) -> bytes:
    # JSON escapes line feeds, so that no scope and payload read like others.
    return digest(key, msgspec.json.encode(list(scope)) + b"\n" + payload, sha256)[:_PROOF]
