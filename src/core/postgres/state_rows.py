"""Where the things of each kind are, and what is told of them."""

from dataclasses import dataclass
from typing import Final

from domain.events.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one kind."""

    table: str
    """What follows `FROM`; the row itself is `t`."""
    data: str
    """Names and expressions, as `json_build_object` takes them; `organization_id` comes by itself."""
    key: tuple[str, ...] = ("t.id",)
    """Of which the id is made, and by which things are ordered."""
    organization: str = "t.organization_id"
    version: str = "t.version"
    lives: str = "true"
    """What is true of those that are not gone, though their rows are there."""


def _time(column: str) -> str:
    """Write a time as events do."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _same(*columns: str) -> str:
    return ", ".join(f"'{each}', t.{each}" for each in columns)


EXPIRES: Final = f"'expires_at', {_time('t.expires_at')}"
IN_TIME: Final = "(t.expires_at IS NULL OR t.expires_at > now())"
ROWS: Final = {
    "user": Rows(
        "users t",
        f"'user_id', t.id, {_same('email', 'email_verified', 'username', 'full_name', 'is_active')}",
        organization="NULL::uuid",
    ),
    "session": Rows(
        "sessions t",
        f"'session_id', t.id, {_same('user_id', 'factors')}, {EXPIRES}",
        organization="NULL::uuid",
        lives=f"t.revoked_at IS NULL AND {IN_TIME}",
    ),
    "key": Rows(
        "signing_keys t",
        f"{_same('kid', 'algorithm', 'state')}, {EXPIRES}",
        organization="NULL::uuid",
        lives=f"t.state <> 'removed' AND {IN_TIME}",
    ),
    "organization": Rows("organizations t", _same("name", "slug"), organization="t.id"),
    "membership": Rows("memberships t", _same("user_id")),
    "invitation": Rows(
        "invitations t", f"'invitation_id', t.id, {_same('role_id', 'invited_by')}, {EXPIRES}", lives=IN_TIME
    ),
    "configuration": Rows(
        "configuration_heads t",
        "'namespace', t.namespace, 'configuration_version', t.version, 'digest', encode(t.digest, 'hex')",
    ),
    "service_account": Rows(
        "service_accounts t", f"'service_account_id', t.id, {_same('name', 'description', 'is_active')}"
    ),
    "team": Rows("teams t", f"'team_id', t.id, {_same('parent_id', 'name')}"),
    "team_member": Rows(
        "team_members t JOIN teams a ON a.id = t.team_id",
        _same("team_id", "user_id", "role"),
        ("t.team_id", "t.user_id"),
        version="a.version",
    ),
    "role": Rows(
        "roles t",
        f"""'role_id', t.id, {_same("name", "description", "permissions")}, 'inherits', ARRAY(
            SELECT i.inherited_id FROM role_inherits i WHERE i.role_id = t.id ORDER BY 1)""",  # noqa: S608
    ),
    "policy_model": Rows("policy_models t", f"'policy_model_id', t.id, {_same('name')}"),
    "grant": Rows(
        "grants t",
        f"""'grant_id', t.id, {_same("subject_type", "subject_id", "role_id", "resource_id", "below", "effect")},
        {EXPIRES}""",
        lives=IN_TIME,
    ),
    "resource": Rows(
        "resources t",
        f"""'resource_id', t.id, 'resource', json_build_object({_same("type", "external_id")}),
        {_same("owner_id", "parent_id")}""",
    ),
    "webhook": Rows(
        "webhooks t",
        f"""'webhook_id', t.id, 'url', substring(t.url FROM '^https?://[^/?]+'),
        {_same("description", "event_types", "is_enabled")}""",
    ),
    "visibility_group": Rows("visibility_groups t", f"'group_id', t.id, {_same('name')}"),
    "visibility_member": Rows(
        "visibility_members t JOIN visibility_groups a ON a.id = t.group_id",
        _same("group_id", "user_id", "team_id"),
        ("t.group_id", "coalesce(t.user_id, t.team_id)"),
        version="a.version",
    ),
    "visibility_content": Rows(
        "visibility_contents t JOIN visibility_groups a ON a.id = t.group_id",
        _same("group_id", "resource_id", "user_id"),
        ("t.group_id", "coalesce(t.resource_id, t.user_id)"),
        version="a.version",
    ),
}
"""By kind."""


def things(kind: str, *, in_organization: bool) -> str:
    """Return the statement that reads things: behind the key in $1 (and $2), so many, of that organization."""
    rows, places = ROWS[kind], len(ROWS[kind].key)
    key = ", ".join(rows.key)
    after = ", ".join(f"${place}" for place in range(1, places + 1))
    whose = f"AND {rows.organization} = ${places + 2}" if in_organization else ""
    told = f"'organization_id', {rows.organization}, {rows.data}" if KINDS[kind].in_organization else rows.data
    return f"""
    SELECT concat_ws('/', {key}) AS id, {rows.version} AS version, {rows.organization}::text AS organization_id,
           json_build_object({told})::text AS data
    FROM {rows.table} WHERE ({key}) > ({after}) AND {rows.lives} {whose} ORDER BY {key} LIMIT ${places + 1}
    """  # noqa: S608 - made of constants


def bounds(kind: str, *, in_organization: bool) -> str:
    """Return the statement that tells the least and the greatest id from $1 to $2, in organization $3."""
    rows = ROWS[kind]
    whose = f"AND {rows.organization} = $3" if in_organization else ""
    chosen = f"SELECT t.id FROM {rows.table} WHERE t.id >= $1 AND t.id <= $2 {whose} ORDER BY t.id"  # noqa: S608
    return f"SELECT ({chosen} LIMIT 1) AS least, ({chosen} DESC LIMIT 1) AS greatest"


def count(kind: str, *, in_organization: bool) -> str:
    """Return the statement that counts and digests ranges as readers of the log know them; one snapshot sees it all.

    $1 are the ids that the ranges begin at, $2 is the last id, $3 the aggregate, $4 the types of events that take
    things with them unsaid, and $5 the organization. What waits to be numbered has not happened yet for readers: such
    a thing has the version before. `unclear` says whether that cannot be known of all: rows are gone whose end waits,
    and nothing tells which they were, or whether they had expired.
    """
    rows, expires = ROWS[kind], KINDS[kind].expires
    whose = "AND t.organization_id = $5" if in_organization else ""
    mine = f"AND {rows.organization} = $5" if in_organization else ""
    # What has expired stays uncounted even if its revocation waits; only its row tells.
    in_time = f"AND EXISTS (SELECT FROM {rows.table} WHERE t.id = w.id AND {IN_TIME})" if expires else ""
    unclear = f"OR EXISTS (SELECT FROM waiting w WHERE NOT EXISTS (SELECT FROM {rows.table} WHERE t.id = w.id))"  # noqa: S608
    return f"""
    WITH waiting AS MATERIALIZED (
        SELECT t.aggregate_id AS id, min(t.aggregate_version) - 1 AS version FROM outbox t
        WHERE t.aggregate_type = $3 {whose} GROUP BY 1
    ), known AS (
        SELECT t.id, {rows.version} AS version FROM {rows.table}
        WHERE t.id >= ($1::uuid[])[1] AND t.id <= $2 AND {rows.version} > 0 AND {rows.lives} {mine}
          AND NOT EXISTS (SELECT FROM waiting w WHERE w.id = t.id)
        UNION ALL
        SELECT w.id, w.version FROM waiting w
        WHERE w.id >= ($1::uuid[])[1] AND w.id <= $2 AND w.version > 0 {in_time}
    ), ranges AS (
        SELECT width_bucket(k.id, $1::uuid[]) AS range, count(*) AS things,
               bit_xor(('x' || encode(substr(sha256(convert_to(k.id || ':' || k.version, 'UTF8')), 1, 8), 'hex')
                       )::bit(64)::bigint) AS digest
        FROM known k GROUP BY 1
    )
    SELECT h.log_id, h.position, EXISTS (SELECT FROM outbox t WHERE t.type = ANY ($4)) {unclear if expires else ""}
           AS unclear, r.range, r.things, r.digest
    FROM log_head h LEFT JOIN ranges r ON true
    """  # noqa: S608 - made of constants
