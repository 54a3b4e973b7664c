"""Change the system roles of a release; used by migrations."""

from collections.abc import Collection
from typing import Final

from core.postgres.migrating import execute

# What differs from `seeded` was edited here, and stays: only what the release adds or takes out itself is applied.
# `version` counts events, and a migration announces none.
_RESEED: Final = """
WITH release AS (
    SELECT id, {released} AS names FROM roles r
    WHERE organization_id IS NULL AND seeded IS NOT NULL AND name = {role}
)
UPDATE roles r SET
    permissions = ARRAY(
        SELECT name FROM unnest(r.permissions) AS name WHERE name <> ALL (r.seeded) OR name = ANY (release.names)
        UNION
        SELECT name FROM unnest(release.names) AS name WHERE name <> ALL (r.seeded)
        ORDER BY 1
    ),
    seeded = release.names,
    updated_at = now()
FROM release WHERE release.id = r.id
"""


def reseed(role: str, permissions: Collection[str]) -> None:
    """Have the system role `role` come with `permissions` from this release on, in the transaction of the migration.

    A role that nobody edited gets exactly these. One that was edited keeps what was added or taken out by hand.
    """
    _reseed(role, _array(permissions))


def extend(role: str, permissions: Collection[str]) -> None:
    """Have the system role `role` come with `permissions` too, whatever else it comes with; otherwise as `reseed`."""
    _reseed(role, f"ARRAY(SELECT unnest(r.seeded) UNION SELECT unnest({_array(permissions)}) ORDER BY 1)")


def retract(role: str, permissions: Collection[str]) -> None:
    """Have the system role `role` come with `permissions` no longer; otherwise as `reseed`."""
    _reseed(role, f"ARRAY(SELECT unnest(r.seeded) EXCEPT SELECT unnest({_array(permissions)}) ORDER BY 1)")


def _reseed(role: str, released: str) -> None:
    execute(_RESEED.format(released=released, role=_quoted(role)))


def _array(names: Collection[str]) -> str:
    return f"ARRAY[{', '.join(map(_quoted, sorted(names)))}]::text[]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
