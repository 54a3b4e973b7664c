"""What must be so in every state that Postgres can be found in, as queries that return what is wrong."""

from collections.abc import Mapping
from typing import Any, Final

_CHAIN: Final = """
WITH RECURSIVE down AS (
    SELECT id, ARRAY[id] AS path FROM {table} WHERE parent_id IS NULL
    UNION ALL SELECT c.id, c.id || d.path FROM down d JOIN {table} c ON c.parent_id = d.id
)
SELECT t.id FROM {table} t LEFT JOIN down d ON d.id = t.id WHERE d.path IS DISTINCT FROM t.path
"""
TREES: Final = {
    "a resource whose path is not the chain of its parents": _CHAIN.format(table="resources"),
    "a team whose path is not the chain of its parents": _CHAIN.format(table="teams"),
    "a resource behind another wall than the first of its path": """
        SELECT r.id FROM resources r WHERE r.wall_id IS DISTINCT FROM (
            SELECT step.id FROM unnest(r.path) WITH ORDINALITY AS step (id, place)
            WHERE EXISTS (SELECT FROM visibility_contents c WHERE c.resource_id = step.id) ORDER BY step.place LIMIT 1)
    """,
    "a parent of another organization": """
        SELECT c.id FROM resources c JOIN resources p ON p.id = c.parent_id WHERE p.organization_id <> c.organization_id
        UNION SELECT c.id FROM teams c JOIN teams p ON p.id = c.parent_id WHERE p.organization_id <> c.organization_id
    """,
}
"""Which hold of rows that were written by hand, too."""
_SYSTEM: Final = "00000000-0000-7000-8000-00000000000"
_PLATFORM: Final = f"'{_SYSTEM}1'"
_FACTS: Final = """
(SELECT id, aggregate_type, aggregate_id, aggregate_version, type FROM events
 UNION ALL SELECT id, aggregate_type, aggregate_id, aggregate_version, type FROM outbox)
"""
_TRAIL: Final = "(SELECT action, outcome FROM audit UNION ALL SELECT action, outcome FROM audit_pending)"
_VERSIONED: Final = {
    "user": "users",
    "organization": "organizations",
    "membership": "memberships",
    "invitation": "invitations",
    "team": "teams",
    "role": "roles",
    "grant": "grants",
    "resource": "resources",
    "visibility_group": "visibility_groups",
}
# What a release wrote has no history.
_TOLD: Final = """
SELECT t.id, t.version FROM {table} t
WHERE t.id::text NOT LIKE '00000000-0000-7000-%' AND (t.version, t.version) <> (
    SELECT count(*), coalesce(max(f.aggregate_version), 0)
    FROM {facts} f WHERE f.aggregate_type = '{kind}' AND f.aggregate_id = t.id)
"""
_GONE: Final = """
SELECT made.aggregate_id FROM {facts} made WHERE made.type = '{made}'
  AND NOT EXISTS (SELECT FROM {table} t WHERE t.id = made.aggregate_id)
  AND NOT EXISTS (SELECT FROM {facts} gone WHERE gone.type = '{gone}' AND gone.aggregate_id = made.aggregate_id)
"""
_LOST: Final = {
    "organizations": ("organizations.organization.created", "organizations.organization.deleted"),
    "users": ("identity.user.created", "identity.user.erased"),
}
_ONCE: Final = {
    "organizations.organization.create": "organizations.organization.created",
    "organizations.organization.delete": "organizations.organization.deleted",
    "organizations.ownership.transfer": "organizations.ownership.transferred",
    "teams.team.create": "teams.team.created",
    "teams.team.delete": "teams.team.deleted",
    "visibility.group.create": "visibility.group.created",
    "visibility.content.add": "visibility.content.added",
    "access.role.create": "access.role.created",
    "identity.user.delete": "identity.user.erased",
}
HISTORY: Final = {
    "an organization without an owner": f"""
        SELECT o.id FROM organizations o WHERE o.id <> {_PLATFORM} AND NOT EXISTS (
            SELECT FROM grants g JOIN memberships m ON m.user_id = g.subject_id AND m.organization_id = o.id
            WHERE g.organization_id = o.id AND g.role_id = '{_SYSTEM}3' AND g.subject_type = 'user'
              AND g.effect = 'allow' AND g.resource_id IS NULL AND g.condition IS NULL AND g.expires_at IS NULL)
    """,
    "a grant of somebody who is gone": f"""
        SELECT g.id FROM grants g WHERE NOT CASE g.subject_type
            WHEN 'team' THEN EXISTS (
                SELECT FROM teams t WHERE t.id = g.subject_id AND t.organization_id = g.organization_id)
            ELSE EXISTS (SELECT FROM users u WHERE u.id = g.subject_id) AND (g.organization_id = {_PLATFORM} OR EXISTS (
                SELECT FROM memberships m WHERE m.user_id = g.subject_id AND m.organization_id = g.organization_id))
        END
    """,
    "a role of another organization that is granted": """
        SELECT g.id FROM grants g JOIN roles r ON r.id = g.role_id WHERE r.organization_id <> g.organization_id
    """,
    **{
        f"a {kind} whose version does not count its events": _TOLD.format(kind=kind, table=table, facts=_FACTS)
        for kind, table in _VERSIONED.items()
    },
    **{
        f"what was announced and is not in {table}": _GONE.format(table=table, made=made, gone=gone, facts=_FACTS)
        for table, (made, gone) in _LOST.items()
    },
    **{
        f"{action}: not announced as often as audited": f"""
            SELECT audited, announced FROM (
                SELECT (SELECT count(*) FROM {_TRAIL} t WHERE action = '{action}' AND outcome = 'done') AS audited,
                       (SELECT count(*) FROM {_FACTS} f WHERE type = '{fact}') AS announced
            ) AS counted WHERE audited <> announced
        """
        for action, fact in _ONCE.items()
    },
    "a command that failed by our fault": f"SELECT action FROM {_TRAIL} t WHERE outcome = 'failed'",
    "an answer kept for nothing": "SELECT key FROM idempotency_keys WHERE answer IS NULL",
}
"""Which hold of what commands wrote, and nobody else."""
EVERYTHING: Final = {**TREES, **HISTORY}


async def broken(connection: Any, invariants: Mapping[str, str] = EVERYTHING) -> dict[str, list[Any]]:
    """Return what is wrong, with a few examples of each."""
    found = {}
    for name in invariants:
        if rows := await connection.fetch(f"{invariants[name]} LIMIT 5"):
            found[name] = [tuple(row) for row in rows]
    return found
