"""What a trial reads in its transaction, before its change is undone and afterwards."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from core.postgres.access_lists import EVERYBODY, PERMISSIONS, SERVICE_ACCOUNTS
from core.postgres.access_parts import MOST
from core.postgres.walls import person_seen
from domain.access.engine.deciding import may_bypass
from domain.access.engine.parts import SERVICE_ACCOUNT
from domain.access.errors import SimulationTooLarge
from domain.access.simulating.ports import Wanted
from domain.access.simulating.states import Candidate
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, ResourceId, UserId

_CHANGED: Final = """
SELECT DISTINCT scope, id FROM access_changes WHERE transaction = pg_current_xact_id_if_assigned() LIMIT $1
"""
# What stands behind a wall whose groups change is decided about otherwise, though its own row stays as it is.
_BEHIND: Final = "SELECT id FROM resources WHERE path && $1::uuid[] AND wall_id = ANY ($1) LIMIT $2"
# Whoever leaves something is changed themselves, so those who hold it afterwards are enough.
_CONCERNED: Final = f"""
WITH RECURSIVE role (id) AS (
    SELECT unnest($3::uuid[]) UNION SELECT i.role_id FROM role_inherits i JOIN role ON role.id = i.inherited_id
), granted AS (
    SELECT subject_type, subject_id FROM grants
    WHERE role_id IN (SELECT id FROM role) AND organization_id = ANY (ARRAY[$1, $2::uuid])
), team AS (
    SELECT id FROM teams WHERE organization_id = ANY (ARRAY[$1, $2::uuid])
        AND path && ($4::uuid[] || ARRAY(SELECT subject_id FROM granted WHERE subject_type = 'team'))
)
SELECT p.id FROM (
    SELECT unnest($5::uuid[]) AS id
    UNION
    SELECT subject_id FROM granted WHERE subject_type IN ('user', 'service_account')
    UNION
    SELECT user_id FROM team_members WHERE team_id IN (SELECT id FROM team)
    UNION
    SELECT id FROM ({EVERYBODY} UNION ALL {SERVICE_ACCOUNTS}) everybody WHERE $6
) p
WHERE ($7::uuid IS NULL OR p.id = $7) AND ($8::uuid IS NULL OR p.id > $8) ORDER BY p.id LIMIT $9
"""  # noqa: S608 - made of constants
_SEEN: Final = f"""
SELECT p.id FROM unnest($1::uuid[]) AS p (id)
WHERE {person_seen("p.id", "$2::uuid", "$4::uuid", "$3::uuid[] IS NULL", "$3")}
"""  # noqa: S608 - made of constants


async def changed_keys(driver: Any) -> Mapping[str, list[UUID]]:
    """Return what the transaction has changed, by scope."""
    rows = await driver.fetch(_CHANGED, MOST + 1)
    if len(rows) > MOST:
        raise SimulationTooLarge
    found: dict[str, list[UUID]] = defaultdict(list)
    for scope, id_ in rows:
        found[scope].append(id_)
    return found


async def touched_resources(driver: Any, changed: Sequence[UUID]) -> Sequence[ResourceId]:
    """Return the resources that are changed, and those behind walls that are."""
    behind = await driver.fetch(_BEHIND, changed, MOST + 1) if changed else ()
    found = {*changed, *(row["id"] for row in behind)}
    if len(found) > MOST:
        raise SimulationTooLarge
    return sorted(map(ResourceId, found))


async def concerned_people(
    driver: Any, changed: Mapping[str, Sequence[UUID]], wanted: Wanted, *, everybody: bool
) -> Sequence[UserId]:
    """Return the people of whom something may be decided otherwise, and one more than are looked at if there is one."""
    rows = await driver.fetch(
        _CONCERNED,
        wanted.organization_id,
        PLATFORM,
        changed["role"],
        changed["team"],
        [*changed["user"], *changed[SERVICE_ACCOUNT]],
        everybody,
        wanted.subject,
        wanted.after,
        wanted.most + 1,
    )
    return [UserId(row["id"]) for row in rows]


async def seen_people(driver: Any, ids: Sequence[UserId], asker: Candidate, wanted: Wanted) -> Collection[UserId]:
    """Return those whom the asker may see as things are."""
    mine = asker.before
    if mine is None:
        raise OrganizationNotFound
    groups = None if may_bypass(mine, wanted.now) else list(mine.groups)
    return {UserId(row["id"]) for row in await driver.fetch(_SEEN, ids, wanted.organization_id, groups, asker.id)}


async def written_permissions(driver: Any, wanted: Wanted) -> set[str]:
    """Return what is written in the roles that count in the organization."""
    return {row[0] for row in await driver.fetch(PERMISSIONS, wanted.organization_id, PLATFORM)}
