"""The salts that make the keys of people."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final
from uuid import UUID

from core.personal import new_salt
from core.postgres.database import Database
from core.sealed_documents import Salts

_FIND: Final = "SELECT person_id, salt FROM person_keys WHERE person_id = ANY ($1::uuid[])"
# For those who signed up with the release before: of two who add one, the second waits, and then finds the first's.
# Whoever was erased is not among the people any more, and gets no other; whoever is just being erased is waited for.
_ADD: Final = """
INSERT INTO person_keys (person_id, salt)
SELECT u.id, new.salt FROM unnest($1::uuid[], $2::bytea[]) AS new(id, salt) JOIN users u ON u.id = new.id
FOR KEY SHARE OF u
ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class RememberedSalts:
    """The salts of whoever acted lately: their places are sealed without asking for them each time.

    What is learned has to be committed: then it never changes. For `life` seconds after an erasure a process may seal a
    place with one that is gone, which nobody can open.
    """

    life: float = 60
    most: int = 10_000
    clock: Callable[[], float] = monotonic
    _kept: OrderedDict[UUID, tuple[float, bytes]] = field(default_factory=OrderedDict, init=False, repr=False)

    def known(self, people: Collection[UUID]) -> dict[UUID, bytes]:
        """Return those that are remembered."""
        oldest = self.clock() - self.life
        while self._kept and next(iter(self._kept.values()))[0] < oldest:
            self._kept.popitem(last=False)
        return {each: self._kept[each][1] for each in people if each in self._kept}

    def learn(self, found: Mapping[UUID, bytes]) -> None:
        """Remember what was found; what was learned first is forgotten first."""
        now = self.clock()
        for person, salt in found.items():
            self._kept.pop(person, None)
            self._kept[person] = now, salt
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class SqlSalts(Salts):
    """The salts as the database has them at the moment: whoever was erased is known to nobody."""

    database: Database

    async def given(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See `Salts.given`."""
        async with self.database.read() as connection:
            return await salts(connection, people)

    async def known(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See `Salts.known`."""
        async with self.database.read() as connection:
            return await _find(connection, people)


async def salts(connection: Any, people: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the salt of each of `people`, but of those who were erased; one who had none has one from now on.

    `connection` is that of the transaction that seals with them, so that what it seals can be opened.
    """
    found = await _find(connection, people)
    if missing := [each for each in people if each not in found]:
        await connection.execute(_ADD, missing, [new_salt() for _ in missing])
        found |= await _find(connection, missing)
    return found


async def _find(connection: Any, people: Collection[UUID]) -> dict[UUID, bytes]:
    return {row["person_id"]: row["salt"] for row in await connection.fetch(_FIND, people)}
