"""Read messages from requests, and nothing that a message does not declare."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from re import compile as pattern
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar.types import Receive

from api.closed import Shape, opened
from api.explaining import explained
from api.patience import Impatient, Patience
from api.refusals import Malformed, NoSuchPath, NotForm, NotJson, TooLarge, TooSlow
from api.reply import encode
from domain.kernel.ids import uuid_of

LARGEST: Final = 1 << 20
"""The most bytes a body may have."""
LARGEST_FORM: Final = 1 << 16
UNREADABLE: Final = "The query cannot be read."
SMALLEST_PIECE: Final = 256
"""How small pieces may be on average: each is a turn of the event loop, and single bytes would take many seconds."""
MOST_DIGITS: Final = 10
CONTROL: Final = pattern(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]").search
"""What no part of a path may hold; U+FFFD is what servers make of bytes that are no UTF-8."""
DIGITS: Final = bytes(b"0"[0] if each in b"0123456789" else b" "[0] for each in range(256))
"""Makes every digit a zero and all else a blank."""
LONG: Final = b"0" * 19
"""What a number beyond 64 bits has in it."""


def body_reader(
    shape: Shape | None, whole: tuple[str, Any] | None
) -> Callable[[bytes | bytearray], dict[str, Any]] | None:
    """Make the function that reads fields from a JSON body: those of `shape`, or the one that is the `whole` body."""
    if not (shape or whole):
        return None
    decode = json_reader(shape.struct if shape else whole and whole[1])
    name = whole[0] if whole else ""

    def read(text: bytes | bytearray) -> dict[str, Any]:
        found = decode(text)
        return shape.values(found) if shape else {name: opened(found)}

    return read


def json_reader(kind: Any) -> Callable[[bytes | bytearray], Any]:
    """Make the function that reads a JSON body as `kind`, a type that msgspec knows; no object names a field twice."""
    decode = msgspec.json.Decoder(kind).decode

    def read(text: bytes | bytearray) -> Any:
        try:
            found, everything = decode(text), msgspec.json.decode(text)
            # Only what has an escape or a long number in it can hold what must not be: then every value is looked at.
            escapes = b"\\" in text
            if escapes or LONG in text.translate(DIGITS):
                _check(everything)
            # Without an escape every quote begins or ends a string: fewer of them are left if a field came twice.
            if escapes or text.count(b'"') != encode(everything).count(b'"'):
                json.loads(text, object_pairs_hook=_once)
        except RecursionError as error:
            raise Malformed("The body nests too deeply.") from error
        except ValueError as error:
            raise explained(error, "body") from error
        return found

    return read


def query_reader(shape: Shape) -> Callable[[bytes], dict[str, Any]]:
    """Make the function that reads the fields of `shape` from a query string."""
    struct, values = shape.struct, shape.values
    takes = bool(shape.names)
    several = frozenset(each.encode_name for each in msgspec.structs.fields(struct) if _is_list(each.type))

    def read(text: bytes) -> dict[str, Any]:
        if not text and not takes:
            return {}
        try:
            if not text:
                return values(msgspec.convert({}, struct))
            found = values(msgspec.convert(_query(text, several), struct, strict=False))
        except ValueError as error:
            raise explained(error, "query") from error
        for value in found.values():
            _check(value)
        return found

    return read


def query(text: bytes) -> dict[str, str]:
    """Return the parameters of a query string, each of which may be given once."""
    return _parameters(text, UNREADABLE)


def _query(text: bytes, several: frozenset[str]) -> dict[str, Any]:
    """Return the parameters of a query string; those in `several` are lists, and may be given more than once."""
    if not several:
        return query(text)
    pairs = _pairs(text, UNREADABLE)
    once = _once_each([each for each in pairs if each[0] not in several])
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in several:
            lists.setdefault(name, []).append(value)
    return {**once, **lists}


def _is_list(hint: Any) -> bool:
    return get_origin(get_args(hint)[0] if get_origin(hint) is Annotated else hint) in {list, tuple}


def _parameters(text: bytes, unreadable: str) -> dict[str, str]:
    return _once_each(_pairs(text, unreadable))


def _pairs(text: bytes, unreadable: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise Malformed(unreadable) from error


def _once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    given = dict(pairs)
    if len(given) < len(pairs):
        raise Malformed("A parameter is given twice.")
    return given


def uuid(text: str) -> UUID:
    """Read a UUID in its one canonical spelling."""
    found = uuid_of(text)
    if found is None:
        raise NoSuchPath
    return found


def segment(hint: Any) -> Callable[[str], Any]:
    """Make the function that reads a part of the path as `hint`; what it cannot be leads nowhere."""

    def read(text: str) -> Any:
        if CONTROL(text):
            raise NoSuchPath
        try:
            return msgspec.convert(text, hint, strict=False)
        except ValueError as error:
            raise NoSuchPath from error

    return read


async def body(
    given: Mapping[bytes, bytes], receive: Receive, patience: Patience, largest: int = LARGEST
) -> bytes | bytearray:
    """Read a JSON body whole, unless it is something else, too large or too slow."""
    kind = given.get(b"content-type", b"")
    sized(given, largest)
    if kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
        raise NotJson
    return await _patiently(receive, patience, largest)


async def form(given: Mapping[bytes, bytes], receive: Receive, patience: Patience) -> dict[str, str]:
    """Read a body that is a form (`application/x-www-form-urlencoded`), each field of which may be given once."""
    kind = given.get(b"content-type", b"")
    sized(given, LARGEST_FORM)
    if kind.partition(b";")[0].strip().lower() != b"application/x-www-form-urlencoded":
        raise NotForm
    text = bytes(await _patiently(receive, patience, LARGEST_FORM))
    found = _parameters(text, "The form cannot be read.")
    _check(found)
    return found


async def ignored(given: Mapping[bytes, bytes], receive: Receive, patience: Patience) -> None:
    """Pass over the body of a request that needs none, unless it is too large or too slow."""
    sized(given)
    if b"transfer-encoding" in given:
        await _patiently(receive, patience, LARGEST)


def sized(given: Mapping[bytes, bytes], largest: int = LARGEST) -> None:
    """Refuse a body that says it is too large, or whose length is in doubt."""
    length = given.get(b"content-length")
    if length is None:
        return
    if b"transfer-encoding" in given:
        raise Malformed("The body has two lengths.")
    if not length.isdigit():
        raise Malformed("The length of the body cannot be read.")
    if len(length) > MOST_DIGITS or int(length) > largest:
        raise TooLarge


async def _patiently(receive: Receive, patience: Patience, largest: int) -> bytes | bytearray:
    try:
        return await patience(lambda: _whole(receive, largest))
    except Impatient:
        raise TooSlow from None


async def _whole(receive: Receive, largest: int) -> bytes | bytearray:
    text: bytes | bytearray = b""
    for _ in range(largest // SMALLEST_PIECE):
        event = await receive()
        if event["type"] != "http.request":
            raise Malformed("The body ended early.")
        piece = event.get("body", b"")
        if len(text) + len(piece) > largest:
            raise TooLarge
        if not event.get("more_body"):
            return text + piece if text else piece
        text = bytearray(text) if isinstance(text, bytes) else text
        text += piece
    raise TooLarge


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Malformed("A field is given twice.")


def _check(value: Any) -> None:
    """Refuse what no store of ours can keep: U+0000, integers beyond 64 bits, numbers that are none."""
    match value:
        case str() if "\0" in value:
            raise Malformed("A text contains U+0000.")
        case int() if not -(1 << 63) <= value < 1 << 63:
            raise Malformed("A number does not fit in 64 bits.")
        case float() if not isfinite(value):
            raise Malformed("A number is not finite.")
        case list() | tuple():
            for each in value:
                _check(each)
        case dict():
            for name, each in value.items():
                _check(name)
                _check(each)
