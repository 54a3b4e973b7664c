"""Names that people choose for things."""

from typing import Final
from unicodedata import category, normalize

from domain.kernel.errors import NameInvalid

LONGEST: Final = 100
HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, yet part of the spelling of names in Persian and Indic scripts."""


def name_of(text: str) -> str:
    """Return `text` in NFC without outer white space, or raise `NameInvalid`."""
    found = normalize("NFC", text).strip()
    hidden = any(category(character) in HIDDEN and character not in JOINERS for character in found)
    if hidden or not 0 < len(found) <= LONGEST:
        raise NameInvalid
    return found
