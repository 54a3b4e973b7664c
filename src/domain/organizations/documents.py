"""Configuration documents: JSON objects in canonical form."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from math import inf, isfinite
from typing import Any, Final, NoReturn, Self

from domain.kernel.ids import UserId
from domain.organizations.errors import DocumentInvalid
from domain.organizations.marks import MARK, USER, VALUE, Mark, Path, judged, replaced

MOST_BYTES: Final = 256 * 1024
MOST_LEVELS: Final = 32

_EXACT: Final = 2**53
_PLAIN_BELOW: Final = 1e21
_PLAIN_FROM: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object as text in canonical form (RFC 8785, JCS), so that equal documents are equal texts in every store.

    `text` is what is stored: member names such as `$where` or `a.b` are characters in it and never reach a database as
    names, and numbers keep the value they were sent with.
    """

    text: str
    marks: tuple[Mark, ...] = field(default=(), compare=False)
    """What in it is marked as somebody's."""
    outline: str | None = None
    """The same with null for each marked value: what is left when everybody was erased. None if nothing is marked."""

    @classmethod
    def parse(cls, members: dict[str, Any]) -> Self:
        """Judge what a caller sent, or raise `DocumentInvalid`.

        At most 256 KiB in canonical form and 32 levels, the object itself being the first. Refused are NUL and lone
        surrogates, which Postgres and UTF-8 cannot hold, and numbers that an IEEE 754 double cannot (RFC 7493, 2.2).
        Of what is marked as somebody's the form is judged, see `domain.organizations.marks`, and not the person.
        """
        text = _Writer(MOST_BYTES, MOST_LEVELS).write(members)
        return cls._marked(text, members, judged(members)) if MARK in text else cls(text)

    @classmethod
    def of(cls, members: dict[str, Any]) -> Self:
        """Restore a document that was judged before, from a store that does not keep its text."""
        return cls(_Writer().write(members))

    @classmethod
    def opened(cls, members: dict[str, Any], marks: Sequence[Mark]) -> Self:
        """Restore a document that was judged before, and in which `marks` stand; some may be of the erased."""
        return cls._marked(_Writer().write(members), members, tuple(marks))

    @classmethod
    def _marked(cls, text: str, members: dict[str, Any], marks: tuple[Mark, ...]) -> Self:
        places = {mark.path for mark in marks}

        def emptied(path: Path, content: Any) -> Any:
            return {USER: content[USER], VALUE: None} if path in places else content

        return cls(text, marks, _Writer().write(replaced(members, emptied)) if marks else None)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the canonical form, in which marked values are null.

        It is told to others and kept for ever: of an address it would let anybody confirm a guess.
        """
        return sha256((self.outline or self.text).encode()).digest()

    @property
    def people(self) -> frozenset[UserId]:
        """Whose the marked values are."""
        return frozenset(mark.user_id for mark in self.marks)

    def members(self) -> dict[str, Any]:
        """Return the object as Python values, the caller's own copy."""
        decoded: dict[str, Any] = json.loads(self.text, parse_int=_whole)
        return decoded


def _whole(digits: str) -> int | float:
    """Read a whole number as every other reader does: past 2**53 the digits name a double, not themselves."""
    number = int(digits)
    return number if -_EXACT < number < _EXACT else float(digits)


@dataclass(slots=True)
class _Writer:
    """Write values in canonical form, and say where the first is that cannot be."""

    most_bytes: float = inf
    most_levels: float = inf
    parts: list[str] = field(default_factory=list)
    path: list[str | int] = field(default_factory=list)
    length: int = 0

    def write(self, members: dict[str, Any]) -> str:
        self._object(members)
        text = "".join(self.parts)
        if len(text.encode()) > self.most_bytes:
            self._too_large()
        return text

    def _value(self, value: Any) -> None:
        match value:
            case str():
                self._put(self._text(value))
            case None | bool():
                self._put({None: "null", True: "true", False: "false"}[value])
            case int():
                self._put(self._integer(value))
            case float():
                self._put(self._number(value))
            case dict():
                self._object(value)
            case list():
                self._array(value)
            case _:
                self._refuse("type", "This is not a JSON value.")

    def _object(self, members: dict[str, Any]) -> None:
        self._enter()
        separator = "{"
        for name in sorted(members, key=self._order):
            self.path.append(name)
            self._put(f"{separator}{self._text(name)}:")
            self._value(members[name])
            self.path.pop()
            separator = ","
        self._put("}" if members else "{}")

    def _array(self, items: list[Any]) -> None:
        self._enter()
        separator = "["
        for place, item in enumerate(items):
            self.path.append(place)
            self._put(separator)
            self._value(item)
            self.path.pop()
            separator = ","
        self._put("]" if items else "[]")

    def _enter(self) -> None:
        # A path of n names leads to something on level n + 1.
        if len(self.path) >= self.most_levels:
            self._refuse("depth", f"The document has more than {self.most_levels} levels.")

    def _put(self, part: str) -> None:
        self.parts.append(part)
        self.length += len(part)
        if self.length > self.most_bytes:
            self._too_large()

    def _order(self, name: Any) -> bytes:
        """Return what sorts names by their UTF-16 code units (RFC 8785, 3.2.3)."""
        if not isinstance(name, str):
            self._refuse("type", "The names of members are strings.")
        return name.encode("utf-16-be", "surrogatepass")

    def _text(self, text: str) -> str:
        if "\0" in text:
            self._refuse("nul", "NUL is not allowed.")
        try:
            text.encode()
        except UnicodeEncodeError:
            self._refuse("surrogate", "Half of a surrogate pair is not a character.")
        return quoted(text)

    def _integer(self, number: int) -> str:
        if -_EXACT < number < _EXACT:
            return str(number)
        try:
            near = float(number)
        except OverflowError:
            self._inexact()
        if int(Decimal(repr(near))) != number:
            self._inexact()
        return self._number(near)

    def _number(self, number: float) -> str:
        """Return the number as ECMAScript writes it (RFC 8785, 3.2.2.3)."""
        if not isfinite(number):
            self._inexact()
        if number == 0:
            return "0"
        shortest = repr(number)
        if _PLAIN_FROM <= abs(number) < _PLAIN_BELOW:
            plain = format(Decimal(shortest), "f")
            return plain.removesuffix(".0")
        mantissa, _, exponent = shortest.partition("e")
        return f"{mantissa}e{int(exponent):+d}"

    def _inexact(self) -> NoReturn:
        self._refuse("number", "The number does not fit an IEEE 754 double; send it as a string.")

    def _too_large(self) -> NoReturn:
        self.path.clear()
        self._refuse("size", f"The document is larger than {self.most_bytes} bytes.")

    def _refuse(self, code: str, message: str) -> NoReturn:
        raise DocumentInvalid.at(self.path, code, message)
