"""The state that events are about, in memory: things, and what of them is not numbered yet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from domain.events.errors import ThingIdInvalid
from domain.events.ports import Counted, Selection, States
from domain.events.schemas import FeedCursor, Thing
from domain.kernel.ids import uuid7


def digest_of(versions: dict[str, int]) -> int:
    """Return what `IdRange.digest` says of `versions`, by id: as a consumer computes it."""
    found = 0
    for thing, version in versions.items():
        found ^= int.from_bytes(sha256(f"{thing}:{version}".encode()).digest()[:8], "big")
    return found


@dataclass
class MemoryStates(States):
    """Keeps things by kind and id, and the versions whose events readers do not know yet."""

    log: UUID = field(default_factory=uuid7)
    position: int = 0
    kept: dict[str, dict[str, Thing]] = field(default_factory=dict)
    waiting: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By kind: ids, and the versions that their events say."""

    def put(self, thing: Thing) -> None:
        """Keep `thing` in its present state."""
        self.kept.setdefault(thing.kind, {})[thing.id] = replace(thing)

    async def cursor(self) -> FeedCursor:
        return FeedCursor(self.log, self.position)

    async def things(self, chosen: Selection, after: str | None, limit: int) -> list[Thing]:
        uuids = 2 if chosen.kind.is_part else 1
        if after is not None and not re.fullmatch(
            "/".join(["[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"] * uuids), after
        ):
            raise ThingIdInvalid
        found = sorted(self._chosen(chosen), key=lambda each: each.id)
        return [each for each in found if after is None or each.id > after][:limit]

    async def bounds(self, chosen: Selection, first: UUID, last: UUID) -> tuple[UUID, UUID] | None:
        ids = [UUID(each.id) for each in self._chosen(chosen) if first <= UUID(each.id) <= last]
        return (min(ids), max(ids)) if ids else None

    async def count(self, chosen: Selection, firsts: Sequence[UUID], last: UUID) -> tuple[FeedCursor, list[Counted]]:
        versions = {each.id: each.version for each in self._chosen(chosen)}
        waiting = self.waiting.get(chosen.kind.name, [])
        versions |= {id_: min(version for other, version in waiting if other == id_) - 1 for id_, _ in waiting}
        ends = [*firsts, UUID(int=last.int + 1)] if last.int + 1 < 2**128 else [*firsts, None]
        counted = []
        for first, end in pairwise(ends):
            assert first
            held = {
                id_: version
                for id_, version in versions.items()
                if version and first <= UUID(id_) and (end is None or UUID(id_) < end)
            }
            counted.append(Counted(first, len(held), digest_of(held)))
        return await self.cursor(), counted

    def _chosen(self, chosen: Selection) -> list[Thing]:
        whose = str(chosen.organization_id) if chosen.organization_id else None
        return [each for each in self.kept.get(chosen.kind.name, {}).values() if whose in {None, each.organization_id}]
