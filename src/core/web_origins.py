"""Origins of pages, as browsers name them."""

from re import compile as pattern
from typing import Annotated, Final

from pydantic import AfterValidator

_EXACT: Final = pattern(
    r"(?:http://(?![^:]*:80$)|https://(?![^:]*:443$))(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::[1-9]\d{0,4})?"
).fullmatch


def _exact(value: str) -> str:
    if not _EXACT(value):
        raise ValueError(f"{value!r} is no origin: take scheme and host in lower case, and no port that is the usual")
    return value


WebOrigin = Annotated[str, AfterValidator(_exact)]
"""What browsers send as `Origin` (RFC 6454, section 6.2), byte for byte; no wildcard, and not `null`."""
