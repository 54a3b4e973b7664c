"""Conditions of grants: a closed form, judged when it is written, and what it says of a question."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from domain.access.comparing import OPERATORS, ORDER, Scalar, compare, either, opposite
from domain.access.errors import ConditionInvalid
from domain.kernel.errors import FieldError

MOST_LEVELS: Final = 8
MOST_NODES: Final = 64
MOST_ITEMS: Final = 64
MOST_CHARACTERS: Final = 1000

Attributes = Callable[[str], object]
"""Return the value of an attribute such as `resource.status`, or None if it has none."""

_ATTRIBUTE: Final = re.compile(r"subject\.(?:id|email_verified)|(?:resource|context)\.[A-Za-z0-9_.:-]{1,64}")
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of an attribute, to compare another one with."""

    name: str


Value = Scalar | tuple[Scalar, ...] | Attribute


@dataclass(frozen=True, slots=True)
class Test:
    """Compare an attribute with a value.

    Strings, numbers and booleans are the kinds; what is absent or of another kind than it is compared with makes the
    test unknown. Strings are ordered by code point, booleans not at all. `in` asks whether the attribute equals any
    item of the value, a list; `contains` whether any item of the attribute, a list, equals the value.
    """

    attribute: str
    operator: str
    value: Value

    def truth(self, attributes: Attributes) -> bool | None:
        """Return whether it holds, None if that cannot be told."""
        left = attributes(self.attribute)
        right = attributes(self.value.name) if isinstance(self.value, Attribute) else self.value
        return compare(self.operator, left, right)


@dataclass(frozen=True, slots=True)
class Not:
    """Hold if the part does not; unknown stays unknown."""

    part: "Condition"

    def truth(self, attributes: Attributes) -> bool | None:
        """Return whether it holds, None if that cannot be told."""
        return opposite(self.part.truth(attributes))


@dataclass(frozen=True, slots=True)
class All:
    """Hold if every part does; one that does not settles it, whatever else is unknown."""

    parts: tuple["Condition", ...]

    def truth(self, attributes: Attributes) -> bool | None:
        """Return whether it holds, None if that cannot be told."""
        return opposite(either(opposite(part.truth(attributes)) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Any:
    """Hold if one of the parts does, whatever else is unknown."""

    parts: tuple["Condition", ...]

    def truth(self, attributes: Attributes) -> bool | None:
        """Return whether it holds, None if that cannot be told."""
        return either(part.truth(attributes) for part in self.parts)


Condition = All | Any | Not | Test


def parse(raw: object, at: str = "body/condition") -> Condition:
    """Judge a condition as it was sent (JSON values), or raise `ConditionInvalid` with a pointer to what is wrong.

    At most 8 levels, the condition itself being the first, and 64 nodes: combinations and tests. Lists have at most 64
    items of strings, numbers and booleans; strings at most 1000 characters.
    """
    return _Reader([at]).condition(raw, 1)


@dataclass(slots=True)
class _Reader:
    """Read conditions, and know where in them it is."""

    path: list[str]
    nodes: int = field(default=0)

    def condition(self, raw: object, level: int) -> Condition:
        self.nodes += 1
        if level > MOST_LEVELS:
            raise self._refusal("depth", f"A condition has at most {MOST_LEVELS} levels.")
        if self.nodes > MOST_NODES:
            raise self._refusal("size", f"A condition has at most {MOST_NODES} parts.")
        name, inner = self._only(raw, "all, any, not or an attribute")
        match name:
            case "all":
                made: Condition = All(self._parts(inner, level))
            case "any":
                made = Any(self._parts(inner, level))
            case "not":
                made = Not(self.condition(inner, level + 1))
            case _:
                made = self._test(name, inner)
        self.path.pop()
        return made

    def _parts(self, raw: object, level: int) -> tuple[Condition, ...]:
        if not isinstance(raw, list) or not raw:
            raise self._refusal("type", "Give a list of at least one condition.")
        parts = []
        for place, each in enumerate(raw):
            self.path.append(str(place))
            parts.append(self.condition(each, level + 1))
            self.path.pop()
        return tuple(parts)

    def _test(self, name: str, raw: object) -> Test:
        self._attribute(name)
        operator, value = self._only(raw, f"one of {', '.join(OPERATORS)}")
        if operator not in OPERATORS:
            raise self._refusal("operator", f"The operators are {', '.join(OPERATORS)}.")
        test = Test(name, operator, self._value(operator, value))
        self.path.pop()
        return test

    def _only(self, raw: object, what: str) -> tuple[str, object]:
        """Return the only member of an object, and step into it."""
        if not isinstance(raw, dict) or len(raw) != 1:
            raise self._refusal("type", f"Give an object with exactly one member: {what}.")
        ((name, inner),) = raw.items()
        if not isinstance(name, str):
            raise self._refusal("type", "The names of members are strings.")
        self.path.append(name)
        return name, inner

    def _attribute(self, name: object) -> str:
        if isinstance(name, str) and _ATTRIBUTE.fullmatch(name):
            return name
        raise self._refusal(
            "attribute", "Attributes are resource.<name>, subject.id, subject.email_verified, context.<name>."
        )

    def _value(self, operator: str, raw: object) -> Value:
        if isinstance(raw, dict):
            if raw.keys() != {"attribute"}:
                raise self._refusal("type", 'An object as value is {"attribute": "<attribute>"}.')
            return Attribute(self._attribute(raw["attribute"]))
        if operator != "in":
            return self._scalar(raw, ordered=operator in ORDER)
        if not isinstance(raw, list):
            raise self._refusal("type", "Compare with a list.")
        if len(raw) > MOST_ITEMS:
            raise self._refusal("size", f"A list has at most {MOST_ITEMS} items.")
        return tuple(self._scalar(each) for each in raw)

    def _scalar(self, raw: object, *, ordered: bool = False) -> Scalar:
        match raw:
            case bool() if not ordered:
                return raw
            case str():
                return self._text(raw)
            case int() if not isinstance(raw, bool):
                if abs(raw) <= _EXACT:
                    return raw
                raise self._refusal("number", "The number does not fit an IEEE 754 double; compare strings.")
            # Postgres writes a large one without a point, and then it is read as an integer that is refused.
            case float() if abs(raw) <= _EXACT:
                return raw
            case float() if isfinite(raw):
                raise self._refusal("number", "The number is too large to be compared exactly; compare strings.")
            case _:
                kinds = "a string or a number" if ordered else "a string, a number or a boolean"
                raise self._refusal("type", f"Compare with {kinds}.")

    def _text(self, text: str) -> str:
        if len(text) > MOST_CHARACTERS:
            raise self._refusal("size", f"A string has at most {MOST_CHARACTERS} characters.")
        if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
            raise self._refusal("characters", "NUL and halves of surrogate pairs are not allowed.")
        return text

    def _refusal(self, code: str, message: str) -> ConditionInvalid:
        """Return the refusal, with a JSON Pointer (RFC 6901) to what caused it."""
        first, *rest = self.path
        pointer = first + "".join(f"/{name[:64].replace('~', '~0').replace('/', '~1')}" for name in rest)
        shown = pointer.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
        return ConditionInvalid(errors=[FieldError(shown, code, message)])
