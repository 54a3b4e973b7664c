"""Comparisons that may be unknown (Kleene's three-valued logic)."""

from collections.abc import Iterable
from typing import Final

Scalar = str | int | float | bool

EQUALITY: Final = ("eq", "ne")
ORDER: Final = ("lt", "le", "gt", "ge")
MEMBERSHIP: Final = ("in", "contains")
OPERATORS: Final = (*EQUALITY, *ORDER, *MEMBERSHIP)


def opposite(truth: bool | None) -> bool | None:  # noqa: FBT001 - a truth value is what it is about
    """Return the negation: what is unknown stays unknown."""
    return None if truth is None else not truth


def either(truths: Iterable[bool | None]) -> bool | None:
    """Return the disjunction: one that is true settles it, whatever else is unknown."""
    unknown = False
    for truth in truths:
        if truth:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def compare(operator: str, left: object, right: object) -> bool | None:
    """Compare values of one kind, which are strings, numbers and booleans; of others the outcome is unknown."""
    match operator:
        case "in":
            return _among(left, right)
        case "contains":
            return _among(right, left)
    kind = _kind(left)
    if kind is None or kind != _kind(right):
        return None
    if operator in EQUALITY:
        return (left == right) == (operator == "eq")
    return _in_order(operator, left, right)


def _among(one: object, many: object) -> bool | None:
    if _kind(one) is None or not isinstance(many, list | tuple):
        return None
    return either(compare("eq", one, each) for each in many)


def _kind(value: object) -> str | None:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
    return None


def _in_order(operator: str, left: object, right: object) -> bool | None:
    """Compare two values of one kind that has an order: strings by code point, and numbers."""
    match left, right:
        case bool(), bool():
            return None
        case str(), str():
            difference = (left > right) - (left < right)
        case int() | float(), int() | float():
            difference = (left > right) - (left < right)
    return {"lt": difference < 0, "le": difference <= 0, "gt": difference > 0, "ge": difference >= 0}[operator]
