"""What authenticates one entry, and what links it to the one before."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Final

import msgspec

START: Final = sha256(b"gatewright audit 1").digest()
"""What the chain starts from."""
NEWEST: Final = 2
"""The form of entries that are written now. Form 1 says nothing of person, place and trace."""

_encode = msgspec.json.Encoder().encode


def leaf(key: bytes, entry: Mapping[str, Any]) -> bytes:
    """Authenticate an entry with a key that the database does not hold: HMAC-SHA256 of its fields as JSON.

    A place is covered as it is stored, sealed: so the entry is authentic even after nobody can open it any more. Raise
    `ValueError` for a form that nobody writes, and for what its form has no room for.
    """
    moment = entry["occurred_at"].astimezone(UTC).isoformat(timespec="microseconds")
    names = ("id", "action", "outcome", "actor", "target", "organization_id")
    said: list[Any] = [*(entry[name] for name in names), moment]
    if entry["form"] == NEWEST:
        said = [NEWEST, *said, entry["person_id"], entry["place"], entry["trace"]]
    elif entry["form"] != 1 or any(entry[name] is not None for name in ("person_id", "place", "trace")):
        raise ValueError(f"entries of form {entry['form']} are not like this")
    return digest(key, _encode(said), sha256)


def authentic(keys: Iterable[bytes], entry: Mapping[str, Any]) -> bytes | None:
    """Return the leaf that the entry has to have, made with the first of `keys` that gives it the one it has.

    None if no key does.
    """
    for key in keys:
        try:
            made = leaf(key, entry)
        except ValueError:
            return None
        if compare_digest(made, entry["leaf"]):
            return made
    return None


def link(chain: bytes, leaf: bytes) -> bytes:
    """Return the chain at an entry, of the chain before it."""
    return sha256(chain + leaf).digest()
