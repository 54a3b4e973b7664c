"""Ports every capability may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from domain.kernel.mails import Mail


class Clock(Protocol):
    """Tell the time, in UTC."""

    def now(self) -> datetime: ...


class Cursors(Protocol):
    """Make cursors that nobody can forge, or use for another list than the one they were made for."""

    def seal(self, scope: Sequence[str], place: Sequence[Any]) -> str:
        """Return the cursor of `place` (JSON values), usable only with an equal `scope`."""

    def open(self, scope: Sequence[str], cursor: str) -> Sequence[Any]:
        """Return the place that `cursor` was made of, or raise `CursorInvalid`."""


class Mailer(Protocol):
    """Send mail, if the command commits."""

    def send(self, to: str, mail: Mail) -> None:
        """Queue `mail` in the command's transaction; it leaves after the commit, at least once."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after an attempt."""

    left: int
    resets: int
    """After so many seconds more is left, at the latest."""


class Limits(Protocol):
    """Count attempts across all processes."""

    @property
    def degraded(self) -> bool:
        """Whether each process counts for itself at present, and admits its share alone."""

    async def hit(self, name: str, key: str, most: int, seconds: int) -> Allowance | None:
        """Count one attempt at `name` by `key`, or raise `TooManyRequests` past `most` within `seconds`.

        Return what is left, None if `most` is 0 and so there is no limit.
        """

    async def clear(self, name: str, key: str) -> None:
        """Forget the attempts at `name` by `key`."""


class Destinations(Protocol):
    """Know which addresses of others this service calls at somebody else's word."""

    async def check(self, url: str) -> str:
        """Return `url` as it is called, or raise `AddressRefused`; it is asked about again at each call."""
