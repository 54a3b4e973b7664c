"""Lists about access, in Postgres."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from re import compile as pattern
from typing import Any, Final
from uuid import UUID

import msgspec

from core.access.decisions import Lists, Row
from core.access.snapshots import Snapshot
from core.access.source import Look
from core.postgres.access_filter import Filter
from core.postgres.access_parts import CHANGES, NOW, changes, oldest
from core.postgres.database import Database
from core.postgres.walls import person_seen
from domain.access.asking import Person
from domain.access.engine.compiled import Subject
from domain.access.ports import Listing
from domain.kernel.ids import PLATFORM, GroupId, OrganizationId, ResourceId, UserId

_RESOURCES: Final = """
SELECT {now}, ({changes}) AS changes, (SELECT json_agg(json_build_array(f.id, f.external_id)) FROM (
    SELECT r.id, r.external_id FROM resources r
    WHERE r.organization_id = $2 AND r.type = $3 AND ($4::uuid IS NULL OR r.id > $4) AND {condition}
    ORDER BY r.id LIMIT $5
) f) AS found
"""
_FIRST: Final = 6
"""The number of the first parameter of the filter."""
# Members, whoever was granted something here or platform-wide, and who is in a team of the platform's.
EVERYBODY: Final = """
SELECT user_id AS id FROM memberships WHERE organization_id = $1
UNION
SELECT subject_id FROM grants WHERE subject_type = 'user' AND organization_id = ANY (ARRAY[$1, $2::uuid])
UNION
SELECT user_id FROM team_members WHERE organization_id = ANY (ARRAY[$1, $2::uuid])
"""
_CANDIDATES: Final = f"""
SELECT p.id FROM ({EVERYBODY}) p
WHERE ($3::uuid IS NULL OR p.id > $3) AND {person_seen("p.id", "$1", "$5::uuid", "$6::uuid[] IS NULL", "$6")}
ORDER BY p.id LIMIT $4
"""  # noqa: S608 - made of constants
# Theirs, and those of the platform's: what is granted to them there holds everywhere.
SERVICE_ACCOUNTS: Final = """
SELECT id FROM service_accounts WHERE organization_id = ANY (ARRAY[$1, $2::uuid])
"""
_SERVICE_ACCOUNTS: Final = f"{SERVICE_ACCOUNTS} AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4"
PERMISSIONS: Final = """
SELECT DISTINCT unnest(permissions) FROM roles
WHERE organization_id IS NULL OR organization_id = ANY (ARRAY[$1, $2::uuid])
"""
_PARAMETER: Final = pattern(r"\$(\d+)")
_found: Final = msgspec.json.Decoder(list[tuple[UUID, str]])


@dataclass(frozen=True, slots=True)
class SqlAccessLists(Lists):
    """Reads lists from the primary, as the parts are."""

    database: Database

    async def resources(
        self,
        since: Snapshot | None,
        subject: Subject,
        asker: Subject,
        wanted: Listing,
        after: ResourceId | None,
        limit: int,
        now: datetime,
    ) -> tuple[Look, Sequence[Row]]:
        """See `Lists.resources`."""
        permits = Filter(subject, now, _FIRST, wanted.attributes)
        permitted = permits.permitted(wanted.permission)
        # Whoever asks about themselves is asked of already: what is allowed platform-wide is allowed behind walls.
        shows = Filter(asker, now, _FIRST + len(permits.values))
        visible = "TRUE" if asker is subject else shows.visible()
        condition, values = used(f"{permitted} AND {visible}", [*permits.values, *shows.values], _FIRST)
        statement = _RESOURCES.format(now=NOW, changes=CHANGES, condition=condition)
        async with self.database.read() as connection:
            row = await connection.fetchrow(
                statement,
                oldest(since),
                subject.organization_id,
                wanted.type,
                after,
                limit,
                *values,
            )
        look = Look(
            Snapshot.parse(row["snapshot"], row["log_id"].bytes[:8], row["server"]),
            changes(row["changes"]) if since else None,
            {},
        )
        found = _found.decode(row["found"]) if row["found"] else []
        return look, [(ResourceId(id_), external_id) for id_, external_id in found]

    async def candidates(
        self, asker: Person, groups: Collection[GroupId] | None, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Lists.candidates`."""
        user_id, organization_id = asker
        shown = None if groups is None else list(groups)
        async with self.database.read() as connection:
            rows = await connection.fetch(_CANDIDATES, organization_id, PLATFORM, after, limit, user_id, shown)
        return [UserId(row[0]) for row in rows]

    async def service_accounts(
        self, organization_id: OrganizationId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Lists.service_accounts`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_SERVICE_ACCOUNTS, organization_id, PLATFORM, after, limit)
        return [UserId(row[0]) for row in rows]

    async def permissions(self, organization_id: OrganizationId) -> Collection[str]:
        """See `Lists.permissions`."""
        async with self.database.read() as connection:
            return [row[0] for row in await connection.fetch(PERMISSIONS, organization_id, PLATFORM)]


def used(text: str, values: Sequence[Any], first: int) -> tuple[str, list[Any]]:
    """Leave out what conditions were simplified not to need: Postgres wants to know the type of each parameter.

    Those that `text` names from `first` on are `values`.
    """
    numbers = sorted(found for number in _PARAMETER.findall(text) if (found := int(number)) >= first)
    kept = list(dict.fromkeys(numbers))
    places = {number: place for place, number in enumerate(kept, start=first)}
    renamed = _PARAMETER.sub(lambda match: f"${places.get(int(match[1]), int(match[1]))}", text)
    return renamed, [values[number - first] for number in kept]
