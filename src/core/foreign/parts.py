"""What the formats have in common."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

from domain.identity.errors import PasswordHashUnusable

Check = Callable[[bytes], bool]
"""Tell whether these are the bytes of the password. Blocks for as long as the hash costs."""

LONGEST_SALT: Final = 256
SHORTEST_SALT: Final = 4
"""Bytes. OpenLDAP's are no longer."""
LONGEST_DIGEST: Final = 128
SHORTEST_DIGEST: Final = 16
"""Bytes. A digest of one byte would open an account to every 256th password."""


def number(text: str, least: int, most: int, what: str) -> int:
    """Read a decimal number without sign, leading zero or anything else; refuse one that is out of bounds."""
    # `int` takes signs, blanks, underscores and digits of any script, and needs long for long ones.
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)) or text != str(int(text)):
        raise PasswordHashUnusable(f"{what} is no number between {least} and {most}")
    if not least <= (found := int(text)) <= most:
        raise PasswordHashUnusable(f"{what} is not between {least} and {most}")
    return found


def parameters(text: str, *names: str) -> list[str]:
    """Read `a=1,b=2`; refuse anything but exactly `names`, in their order."""
    found = [part.partition("=") for part in text.split(",")]
    if [(name, sign) for name, sign, _ in found] != [(name, "=") for name in names]:
        raise PasswordHashUnusable(f"the parameters are not {', '.join(names)}")
    return [value for _, _, value in found]


def base64(text: str) -> bytes:
    """Read base64 (RFC 4648, section 4), padded or not, in its one canonical spelling."""
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    if text not in {bare, padded}:
        raise PasswordHashUnusable("the padding of its base64 is wrong")
    try:
        raw = b64decode(padded, validate=True)
    except ValueError as error:
        raise PasswordHashUnusable("it has a part that is no base64") from error
    if b64encode(raw).decode() != padded:
        raise PasswordHashUnusable("its base64 is not canonical")
    return raw


def salted(salt: bytes) -> bytes:
    """Return `salt` if its length is bearable."""
    if not SHORTEST_SALT <= len(salt) <= LONGEST_SALT:
        raise PasswordHashUnusable(f"its salt does not have {SHORTEST_SALT} to {LONGEST_SALT} bytes")
    return salt


def digested(digest: bytes) -> bytes:
    """Return `digest` if its length is bearable."""
    if not SHORTEST_DIGEST <= len(digest) <= LONGEST_DIGEST:
        raise PasswordHashUnusable(f"its digest does not have {SHORTEST_DIGEST} to {LONGEST_DIGEST} bytes")
    return digest


def split(text: str, count: int) -> list[str]:
    """Return the `count` parts between the dollar signs of `text`, which begins with one."""
    first, *parts = text.split("$")
    if first or len(parts) != count:
        raise PasswordHashUnusable("it has too few parts, or too many")
    return parts
