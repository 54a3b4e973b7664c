"""Bodies that are larger than others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.headers import Given
from api.reading import LARGEST, MOST_DIGITS
from domain.kernel.errors import Overloaded


@dataclass(slots=True)
class Room:
    """How large the bodies of one route may be.

    A body is read before it is known whose it is. So what is larger than other routes take has to say how large, has to
    come with a credential, and only a few such bodies at once are read: what strangers can fill stays small.
    """

    largest: int
    """Bytes."""
    most: int = 4
    """How many large bodies are read at once."""
    _taken: int = field(default=0, init=False)

    @contextmanager
    def taken(self, given: Given) -> Iterator[int]:
        """Yield how many bytes the body of a request may have, or raise `Overloaded`."""
        length = given.get(b"content-length", b"")
        large = length.isdigit() and len(length) <= MOST_DIGITS and int(length) > LARGEST
        if not large or b"authorization" not in given:
            yield LARGEST
            return
        if self._taken == self.most:
            raise Overloaded
        self._taken += 1
        try:
            yield self.largest
        finally:
            self._taken -= 1
