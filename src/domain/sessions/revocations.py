"""Tell those who verify tokens what they must stop accepting."""

import re
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from domain.kernel.errors import CursorGone, CursorInvalid
from domain.sessions.ports import Heard, RevocationLog
from domain.sessions.schemas import RevocationPart

_CURSOR: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9][0-9]{0,18})\.([0-9a-f]{16}|0)")
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RevocationCursor:
    """What of one log is known: everything up to a position, and what had none yet."""

    log: UUID
    position: int
    pending: str

    def __str__(self) -> str:
        return f"{self.log}.{self.position}.{self.pending}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor, or raise `CursorInvalid`."""
        match = _CURSOR.fullmatch(text)
        if not match or int(match[2]) > _LAST:
            raise CursorInvalid
        return cls(UUID(match[1]), int(match[2]), match[3])


@dataclass(frozen=True, slots=True)
class Telling:
    """Read the log of revocations for a reader, and wait for more."""

    log: RevocationLog

    async def tell(self, after: str | None, wait: float) -> RevocationPart:
        """Return what came after a cursor, at once if there is any, else after `wait` seconds or when there is.

        Raise `CursorInvalid`, or `CursorGone` if it is of a log that was replaced.
        """
        cursor = None if after is None else RevocationCursor.parse(after)
        found = await self._read(cursor)
        if cursor and wait and not _news(found, cursor):
            await self.log.learned(found.learned, wait)
            found = await self._read(cursor)
        markers = list(found.numbered)
        if not cursor or found.pending_word != cursor.pending:
            markers += found.pending
        return RevocationPart(markers, str(RevocationCursor(found.log, found.position, found.pending_word)))

    async def _read(self, cursor: RevocationCursor | None) -> Heard:
        if cursor is None:
            return await self.log.live()
        found = await self.log.since(cursor.position)
        if cursor.log != found.log:
            raise CursorGone
        if cursor.position > found.position:
            raise CursorInvalid
        return found


def _news(found: Heard, cursor: RevocationCursor) -> bool:
    return bool(found.numbered or (found.pending and found.pending_word != cursor.pending))
