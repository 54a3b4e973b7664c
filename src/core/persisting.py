"""Run a command again that a store undid because of others, like one of two that waited for each other in a circle."""

from collections.abc import Awaitable
from typing import Final, Protocol, TypeVar

from domain.kernel.errors import ConcurrentChange

T_co = TypeVar("T_co", covariant=True)
TRIES: Final = 3
"""How often a command is run at most; each costs the second after which Postgres looks for circles."""


class Clashes(Protocol):
    """Tell whether a store undid everything because of others at the same moment, so that it may be run again."""

    def __call__(self, error: Exception) -> bool: ...


class Clashed(Exception):
    """Nothing of it was done, nothing was answered, and it may be run again."""


class Try(Protocol[T_co]):
    """Run a command once, in a scope of its own; raise `Clashed` if it may be run `again` and has to be."""

    def __call__(self, *, again: bool) -> Awaitable[T_co]: ...


async def persist(run: Try[T_co]) -> T_co:
    """Run it until it does not clash, or for the last time."""
    for _ in range(TRIES - 1):
        try:
            return await run(again=True)
        except Clashed:
            continue
    return await run(again=False)


def end(error: Exception, clash: Clashes, *, again: bool) -> Exception:
    """Return what a command ends with that met `error`, or raise `Clashed`: it does not end yet."""
    if not clash(error):
        return error
    if again:
        raise Clashed from error
    return ConcurrentChange()
