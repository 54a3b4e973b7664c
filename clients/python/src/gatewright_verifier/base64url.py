"""Base64url without padding (RFC 4648, section 5; RFC 7515, section 2), in its one canonical spelling."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from typing import Final

_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")


def encode(raw: bytes) -> bytes:
    """Spell `raw`."""
    return b2a_base64(raw, newline=False).translate(_URLSAFE, b"=")


def decode(text: bytes) -> bytes:
    """Read `text`; raise `ValueError` unless it is how `encode` spells something."""
    raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
