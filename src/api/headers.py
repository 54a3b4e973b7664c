"""The request headers that mean something to every route."""

from collections.abc import Iterable, Mapping
from random import getrandbits
from re import compile as pattern
from typing import Final

from api.refusals import Malformed
from domain.kernel.consistency import ConsistencyToken

Given = Mapping[bytes, bytes]

LISTS: Final = frozenset({b"forwarded", b"if-match", b"if-none-match", b"x-forwarded-for"})
ONCE: Final = frozenset(
    {b"consistency-token", b"content-length", b"content-type", b"host", b"idempotency-key", b"transfer-encoding"}
)
TAG: Final = pattern(rb'"(0|[1-9]\d{0,18})"').fullmatch
TAGS: Final = pattern(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")').findall
TRACEPARENT: Final = pattern(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
).fullmatch
QUOTED_KEY: Final = pattern(rb'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,510})"').fullmatch
PLAIN_KEY: Final = pattern(rb"(?!\")[\x21-\x7e]{1,255}").fullmatch
ESCAPED: Final = pattern(rb"\\(.)")
LONGEST_KEY: Final = 255
LONGEST_AGENT: Final = 256
UNPRINTABLE: Final = pattern("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]+")


def given(pairs: Iterable[tuple[bytes, bytes]]) -> Given:
    """Return the headers by name.

    A header that is a list may come several times, and one that decides how a request is read may not. Of two
    credentials nobody knows which one a proxy looked at: they count as one that is refused.
    """
    known = list(pairs)
    found = dict(known)
    return found if len(found) == len(known) else _joined(known)


def credential(headers: Given) -> bytes | None:
    """Return the bearer token (RFC 6750) that the caller presents, empty if it is some other credential."""
    value = headers.get(b"authorization")
    if value is None:
        return None
    scheme, _, text = value.partition(b" ")
    return text if scheme.lower() == b"bearer" else b""


def idempotency_key(headers: Given) -> str | None:
    """Return the `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): 1 to 255 visible ASCII characters.

    The draft wants a quoted string; a plain one, which most clients send, means the same.
    """
    value = headers.get(b"idempotency-key")
    if value is None:
        return None
    if quoted := QUOTED_KEY(value):
        value = ESCAPED.sub(rb"\1", quoted[1])
        if len(value) <= LONGEST_KEY:
            return value.decode("ascii")
    elif PLAIN_KEY(value):
        return value.decode("ascii")
    raise Malformed("Idempotency-Key takes 1 to 255 visible ASCII characters.")


def at_least(headers: Given) -> ConsistencyToken | None:
    """Return what the caller must be shown at least, from `Consistency-Token`."""
    value = headers.get(b"consistency-token")
    return None if value is None else ConsistencyToken.parse(value.decode("latin-1"))


def if_match(headers: Given) -> int | None:
    """Return the version that `If-Match` names (RFC 9110, section 13.1.1), None for any: no header, or `*`."""
    value = headers.get(b"if-match")
    if value is None or value == b"*":
        return None
    if not (tag := TAG(value)) or (version := int(tag[1])) >= 1 << 63:
        raise Malformed('If-Match takes one strong entity tag, such as "7", or *.')
    return version


def last_event_id(headers: Given) -> str | None:
    """Return the `Last-Event-ID` that a reader of server-sent events comes again with (HTML, section 9.2)."""
    value = headers.get(b"last-event-id")
    return None if value is None else value.decode("latin-1")


def is_known(headers: Given, tag: bytes) -> bool:
    """Return whether `If-None-Match` (RFC 9110, section 13.1.2) says that the caller has `tag` already."""
    value = headers.get(b"if-none-match")
    if value is None:
        return False
    return value in {tag, b"*"} or tag in TAGS(value)


def traceparent(headers: Given, trace_id: str) -> str:
    """Return the W3C trace context that events continue: the caller's, or one of `trace_id`, which is not sampled."""
    value = headers.get(b"traceparent", b"")
    if TRACEPARENT(value):
        return value[:55].decode("ascii")
    return f"00-{trace_id}-{getrandbits(64) | 1:016x}-00"


def user_agent(headers: Given) -> str | None:
    """Return what the client calls itself, without control characters and no longer than 256 characters."""
    value = headers.get(b"user-agent")
    if value is None:
        return None
    return UNPRINTABLE.sub("", value[: 4 * LONGEST_AGENT].decode("utf-8", "replace"))[:LONGEST_AGENT]


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> Given:
    found: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif name in LISTS:
            found[name] += b", " + value
        elif name in ONCE:
            raise Malformed(f"{name.decode('ascii')} is given twice.")
        else:
            # Of the rest an authorization or traceparent given twice is none; nothing reads the others.
            found[name] = b""
    return found
