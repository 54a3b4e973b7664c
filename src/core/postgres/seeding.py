"""Change the system roles of a release; used by migrations."""

from collections.abc import Collection
from typing import Final

from core.postgres.migrating import execute

# What differs from `seeded` was edited here, and stays: only what the release adds or takes out itself is applied.
# `version` counts events, and a migration announces none.
_RESEED: Final = """
UPDATE roles r SET
    permissions = ARRAY(
        SELECT name FROM unnest(r.permissions) AS name WHERE name <> ALL (r.seeded) OR name = ANY ({names})
        UNION
        SELECT name FROM unnest({names}) AS name WHERE name <> ALL (r.seeded)
        ORDER BY 1
    ),
    seeded = {names},
    updated_at = now()
WHERE r.organization_id IS NULL AND r.seeded IS NOT NULL AND r.name = {role}
"""


def reseed(role: str, permissions: Collection[str]) -> None:
    """Have the system role `role` come with `permissions` from this release on, in the transaction of the migration.

    A role that nobody edited gets exactly these. One that was edited keeps what was added or taken out by hand.
    """
    names = f"ARRAY[{', '.join(map(_quoted, sorted(permissions)))}]::text[]"
    execute(_RESEED.format(names=names, role=_quoted(role)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
