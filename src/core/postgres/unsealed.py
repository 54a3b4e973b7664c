"""What the release before announced of people in the clear, sealed on its way into the archive and out of it."""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from core.personal import SEALED, PersonalKeys
from core.postgres.person_keys import salts
from domain.identity.events import UserCreated, UserUpdated
from domain.kernel.events import personal

PROFILES: Final = (UserCreated, UserUpdated)
"""Which of its events say something about a person."""
_NAMES: Final = {kind.type: personal(kind) for kind in PROFILES}
_MARK: Final = f'"{SEALED}": ["'
"""Nothing that somebody wrote can look like it: quotes inside of texts are escaped."""
# Whoever has moved since can be mailed there, or was invited there; the event that told it is out of reach.
_MOVED: Final = """
INSERT INTO former_addresses (person_id, email)
SELECT u.id, told.email FROM unnest($1::uuid[], $2::text[]) AS told(id, email)
JOIN users u ON u.id = told.id AND u.email <> told.email FOR KEY SHARE OF u
ON CONFLICT DO NOTHING
"""


async def sealed(connection: Any, entries: Sequence[str], people: PersonalKeys) -> Sequence[str]:
    """Return the entries of a log, each a row as JSON, with nothing in the clear that is personal.

    It is sealed as if it had been so from the beginning, so that it goes with the person's key; of whoever was erased
    it is emptied.
    """
    plain = {place: row for place, entry in enumerate(entries) if (row := _in_the_clear(entry))}
    if not plain:
        return entries
    told = [(UUID(row["aggregate_id"]), row["data"].get("email")) for row in plain.values()]
    known = await salts(connection, sorted({person for person, _ in told}))
    await connection.execute(_MOVED, *zip(*told, strict=True))
    done = list(entries)
    for (place, row), (person, _) in zip(plain.items(), told, strict=True):
        names = [name for name in _NAMES[row["type"]] if name in row["data"]]
        data = people.hide(row["data"], names, person, known.get(person), UUID(row["id"]))
        done[place] = json.dumps(row | {"data": data}, ensure_ascii=False)
    return done


def _in_the_clear(entry: str) -> Any:
    """Return the row if something personal in it is not sealed, else None."""
    if _MARK in entry or not any(f'"{kind}"' in entry for kind in _NAMES):
        return None
    row = json.loads(entry)
    return row if row.get("type") in _NAMES else None
