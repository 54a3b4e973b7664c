"""Erasures in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.erasures.readers import ErasureLists, ErasurePlace
from domain.identity.erasures.repositories import Erasures
from domain.identity.erasures.schemas import Acknowledgement, Erasure
from domain.identity.models import User
from domain.kernel.ids import UserId
from tests.support.memory.configuration import MENTIONS, SALTS
from tests.support.memory.identity import FAILURES, LINKS, USERS
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

ERASURES = "erasures"
"""By the person's id."""


@dataclass
class Row:
    """What is kept of an erasure."""

    user_id: UserId
    erased_at: datetime
    due_at: datetime
    acknowledged: dict[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemoryErasures(Erasures):
    """Facts are not sealed in memory: what is personal in them is emptied."""

    work: MemoryWork

    async def erase(self, user: User, at: datetime, policy: ErasurePolicy) -> Collection[str]:
        tables = await self.work.begin()
        memory = tables.memory
        mine = [fact for fact in memory.published if fact.person == user.id]
        addresses = {user.email, *(fact.data["email"] for fact in mine if fact.data.get("email"))}
        addresses |= {link.email for link in tables.table(LINKS).values() if link.user_id == user.id}
        addresses -= {each.email for each in tables.table(USERS).values() if each.id != user.id}
        for fact in mine:
            fact.data.update(dict.fromkeys(fact.personal))
        for account in [each for each in memory.table(FAILURES) if each.startswith(f"{user.id}@")]:
            tables.table(FAILURES).remove(account)
        memory.jobs[:] = [job for job in memory.jobs if job.about not in addresses]
        for claimed, kept in [*memory.answers.items()]:
            if (
                claimed[0] == f"user:{user.id}"
                or kept.person == user.id
                or kept.about in addresses
                or user.id in kept.people
            ):
                del memory.answers[claimed]
        for mentioned in [each for each in memory.table(MENTIONS) if each[0] == user.id]:
            tables.table(MENTIONS).remove(mentioned)
        tables.table(SALTS).remove(user.id)
        row = Row(user.id, at, at + policy.within, dict.fromkeys(policy.subscribers))
        tables.table(ERASURES).put(user.id, row)
        self.work.enqueue("erase_person", {"person_id": str(user.id), "addresses": sorted(addresses)})
        return addresses

    async def acknowledge(self, user_id: UserId, subscriber: str, at: datetime) -> None:
        row: Row | None = (await self.work.begin()).table(ERASURES).get(user_id)
        if row is None or subscriber not in row.acknowledged:
            raise ErasureNotFound
        row.acknowledged[subscriber] = row.acknowledged[subscriber] or at


@dataclass(frozen=True, slots=True)
class MemoryErasureLists(ErasureLists):
    memory: Memory

    async def find(self, user_id: UserId, at: datetime) -> Erasure | None:
        row: Row | None = self.memory.table(ERASURES).get(user_id)
        return _shown(row, at) if row else None

    async def list(self, after: ErasurePlace | None, most: int, at: datetime, *, overdue: bool) -> Sequence[Erasure]:
        rows: list[Row] = sorted(
            self.memory.table(ERASURES).values(), key=lambda row: (row.erased_at, row.user_id), reverse=True
        )
        found = [
            _shown(row, at)
            for row in rows
            if after is None or (row.erased_at, row.user_id) < (after.erased_at, after.user_id)
        ]
        return [each for each in found if each.is_overdue or not overdue][:most]


def _shown(row: Row, at: datetime) -> Erasure:
    told = [Acknowledgement(name, row.acknowledged[name]) for name in sorted(row.acknowledged)]
    late = row.due_at < at and any(each.acknowledged_at is None for each in told)
    return Erasure(row.user_id, row.erased_at, None, row.due_at, late, told)
