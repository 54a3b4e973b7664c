"""Reading the present state of everything that events are about."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from asyncpg import QueryCanceledError

from core.postgres import state_rows
from core.postgres.direct import Connects, session
from core.postgres.log import LogFollower, Reads
from domain.events.errors import DigestTooLarge, ThingIdInvalid
from domain.events.kinds import Kind
from domain.events.ports import Counted, Selection, States
from domain.events.schemas import FeedCursor, Thing
from domain.kernel.errors import Overloaded
from domain.kernel.ids import uuid_of

CURSOR: Final = "SELECT log_id, position FROM log_head"
NIL: Final = UUID(int=0)
TRIES: Final = 20
"""How often what cannot be told is asked again, as soon as more was numbered."""
UNSIGNED: Final = 2**64


class Store(Reads, Connects, Protocol):
    """Lends connections for short, and makes one for a long statement."""


@dataclass(frozen=True, slots=True)
class SqlStates(States):
    """The tables of the commands."""

    database: Store
    follower: LogFollower
    seconds: float = 20
    """How long it may take to count; as long numbering gets slower, for dead rows of `outbox` stay."""
    _counting: tuple[asyncio.Semaphore, asyncio.Semaphore] = field(default_factory=lambda: (_one(), _one()), init=False)
    """Of organizations, and of the platform, which does not wait for them."""

    async def cursor(self) -> FeedCursor:
        """See `States.cursor`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(CURSOR)
        return FeedCursor(row["log_id"], row["position"])

    async def things(self, chosen: Selection, after: str | None, limit: int) -> list[Thing]:
        """See `States.things`; a connection is lent for this part only."""
        kind, whose = chosen.kind, chosen.organization_id
        statement = _made(state_rows.things, kind.name, whose is not None)
        key = _key(kind, after)
        async with self.database.read() as connection:
            rows = await connection.fetch(statement, *key, limit, *([whose] if whose else []))
        return [
            Thing(kind.name, row["id"], row["version"], row["organization_id"], msgspec.Raw(row["data"].encode()))
            for row in rows
        ]

    async def bounds(self, chosen: Selection, first: UUID, last: UUID) -> tuple[UUID, UUID] | None:
        """See `States.bounds`."""
        whose = chosen.organization_id
        statement = _made(state_rows.bounds, chosen.kind.name, whose is not None)
        async with self.database.read() as connection:
            row = await connection.fetchrow(statement, first, last, *([whose] if whose else []))
        return None if row["least"] is None else (row["least"], row["greatest"])

    async def count(self, chosen: Selection, firsts: Sequence[UUID], last: UUID) -> tuple[FeedCursor, list[Counted]]:
        """See `States.count`; in each process one of the platform and one of organizations at a time, by themselves."""
        kind, whose = chosen.kind, chosen.organization_id
        statement = _made(state_rows.count, kind.name, whose is not None)
        given = [list(firsts), last, kind.aggregate, list(kind.ends_with), *([whose] if whose else [])]
        counting = self._counting[whose is None]
        if counting.locked():
            raise Overloaded
        async with counting, session(self.database, "gatewright-digest") as connection:
            await connection.execute(f"SET statement_timeout = {round(self.seconds * 1000)}")
            for _ in range(TRIES):
                try:
                    rows = await connection.fetch(statement, *given, timeout=self.seconds + 1)
                except (QueryCanceledError, TimeoutError) as error:
                    raise DigestTooLarge from error
                if not rows[0]["unclear"]:
                    return _counted(rows, firsts)
                await self.follower.reached(rows[0]["position"], 0.1)
        raise Overloaded


def _one() -> asyncio.Semaphore:
    return asyncio.Semaphore(1)


@cache
def _made(statement: Callable[..., str], kind: str, in_organization: bool) -> str:  # noqa: FBT001 - a key of the cache
    return statement(kind, in_organization=in_organization)


def _key(kind: Kind, after: str | None) -> list[UUID]:
    places = len(state_rows.ROWS[kind.name].key)
    if after is None:
        return [NIL] * places
    found = [made for each in after.split("/") if (made := uuid_of(each))]
    if len(found) != places or len(found) != after.count("/") + 1:
        raise ThingIdInvalid
    return found


def _counted(rows: Sequence[Any], firsts: Sequence[UUID]) -> tuple[FeedCursor, list[Counted]]:
    known = {row["range"]: row for row in rows if row["range"] is not None}
    return FeedCursor(rows[0]["log_id"], rows[0]["position"]), [
        Counted(first, known[place]["things"], known[place]["digest"] % UNSIGNED)
        if place in known
        else Counted(first, 0, 0)
        for place, first in enumerate(firsts, start=1)
    ]
