"""Parts of a WHERE clause, with their values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL that is true or not, with `{0}`, `{1}`… for its values; braces that mean themselves are doubled."""

    sql: str
    values: tuple[Any, ...] = ()


def around(sql: str, inner: Condition, *values: Any) -> Condition:
    """Return `sql`, with `inner` in the place of `{{inner}}`; its other values are `values`."""
    numbers = range(len(values), len(values) + len(inner.values))
    shifted = inner.sql.format(*(f"{{{number}}}" for number in numbers))
    return Condition(sql.replace("{{inner}}", shifted), (*values, *inner.values))


def joined(conditions: Iterable[Condition], first: int = 1) -> tuple[str, list[Any]]:
    """Return the condition that is true where all are, with `$<first>`… for the values that come with it."""
    parts: list[str] = []
    values: list[Any] = []
    for each in conditions:
        start = first + len(values)
        parts.append(f"({each.sql.format(*(f'${number}' for number in range(start, start + len(each.values))))})")
        values += each.values
    return " AND ".join(parts) or "true", values
