"""Stretches of positions, each a first and a last one."""

from collections.abc import Iterable, Iterator

Stretch = tuple[int, int]


def holes(stretches: Iterable[Stretch], first: int, last: int) -> Iterator[Stretch]:
    """Yield what of `first` to `last` is in no stretch, in order."""
    for begin, end in sorted(stretches):
        if first < begin and first <= last:
            yield first, min(begin - 1, last)
        first = max(first, end + 1)
    if first <= last:
        yield first, last
