"""The salts that make the keys of people."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from core.personal import new_salt

_FIND: Final = "SELECT person_id, salt FROM person_keys WHERE person_id = ANY ($1::uuid[])"
# For those who signed up with the release before: of two who add one, the second waits, and then finds the first's.
# Whoever was erased is not among the people any more, and gets no other.
_ADD: Final = """
INSERT INTO person_keys (person_id, salt)
SELECT u.id, new.salt FROM unnest($1::uuid[], $2::bytea[]) AS new(id, salt) JOIN users u ON u.id = new.id
ON CONFLICT DO NOTHING
"""


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
