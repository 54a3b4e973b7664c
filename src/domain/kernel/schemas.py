"""Shapes every capability may use in its messages and results."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final, Generic, TypeVar

from domain.kernel.ids import UserId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `next` is the cursor of the part after it; null at the end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """How many characters a text may have; used in `Annotated`."""

    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Which numbers are allowed, both ends included; used in `Annotated`."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """An answer that is sent while it is made, one part after the other.

    Whatever refuses it is raised before there is one. It holds no connection while a part is being sent.
    """

    parts: AsyncGenerator[T, None]
    member: UserId | None = None
    """Who reads of one organization, and so has a share of what can be sent at once; None for all others."""


class Absent(Enum):
    """The value of a field that the caller did not send, where null means something else."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Limit = Annotated[int, Range(1, 200)]
"""How many items of a list to return."""

Name = Annotated[str, Length(1, 400)]
"""A name as somebody typed it; `domain.kernel.names` judges it."""
