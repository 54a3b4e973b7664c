"""Choose events by their types."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from domain.events.errors import EventTypeUnknown
from domain.kernel.errors import FieldError
from domain.kernel.schemas import Length
from domain.kernel.usecases import use_cases

Pattern = Annotated[str, Length(1, 100)]
"""A type, with `*` in the place of any of its three segments: `identity.user.*`."""
SEGMENTS: Final = re.compile(r"(?:\*|[a-z_]+)(?:\.(?:\*|[a-z_]+)){2}")


def expression(patterns: Iterable[str]) -> str:
    """Return the regular expression of the types that match any of `patterns`, for Python and Postgres alike."""
    return f"^(?:{'|'.join(each.replace('.', '[.]').replace('*', '[^.]+') for each in patterns)})$"


def known(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return `patterns`; raise `EventTypeUnknown` if one of them is none, or matches no type that there is.

    Types that are not known here, but stand in the log, are matched all the same: another release may have them.
    """
    types = {event.type for case in use_cases() for event in case.emits}
    wrong = [
        FieldError("type", EventTypeUnknown.code, f"Number {number} of those given matches nothing.")
        for number, each in enumerate(patterns, start=1)
        if not (SEGMENTS.fullmatch(each) and any(map(re.compile(expression([each])).fullmatch, types)))
    ]
    if wrong:
        raise EventTypeUnknown(errors=wrong)
    return patterns
