"""Which tables hold something about a person, and which do not."""

from collections.abc import Mapping
from typing import Final

# Each takes the person's id.
SECTIONS: Final[Mapping[str, str]] = {
    "account": "SELECT * FROM users WHERE id = $1",
    "former_addresses": "SELECT email, left_at FROM former_addresses WHERE person_id = $1 ORDER BY left_at",
    "password": "SELECT changed_at FROM credentials WHERE user_id = $1",
    "failed_sign_ins": """
        SELECT split_part(account, '@', 2) AS place, failures, failed_at FROM sign_in_failures
        WHERE starts_with(account, $1::uuid::text || '@')
    """,
    "sessions": "SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at",
    "refresh_tokens": """
        SELECT id, session_id, generation, rotations, address, expires_at, revoked_at FROM refresh_families
        WHERE user_id = $1 ORDER BY id
    """,
    "mailed_links": "SELECT purpose, email, expires_at FROM mailed_links WHERE user_id = $1",
    "memberships": """
        SELECT m.*, o.name AS organization FROM memberships m JOIN organizations o ON o.id = m.organization_id
        WHERE m.user_id = $1 ORDER BY m.created_at
    """,
    "teams": """
        SELECT m.*, t.name AS team FROM team_members m JOIN teams t ON t.id = m.team_id
        WHERE m.user_id = $1 ORDER BY m.created_at
    """,
    "visibility_groups": "SELECT group_id, organization_id FROM visibility_members WHERE user_id = $1",
    "hidden_in": "SELECT group_id, organization_id FROM visibility_contents WHERE user_id = $1",
    "grants": """
        SELECT g.id, g.organization_id, r.name AS role, g.resource_id, g.below, g.effect, g.condition, g.expires_at,
               g.created_at
        FROM grants g JOIN roles r ON r.id = g.role_id
        WHERE g.subject_type = 'user' AND g.subject_id = $1 ORDER BY g.created_at
    """,
    "resources": """
        SELECT id, organization_id, type, external_id, attributes, created_at, updated_at FROM resources
        WHERE owner_id = $1 ORDER BY id
    """,
    "invitations": """
        SELECT id, organization_id, created_at, expires_at FROM invitations WHERE email = (
            SELECT email FROM users WHERE id = $1)
    """,
    "invitations_by_them": """
        SELECT id, organization_id, email, created_at, expires_at FROM invitations WHERE invited_by = $1
    """,
    "configuration": """
        SELECT h.organization_id, o.name AS organization, h.namespace, p.version, v.updated_at
        FROM configuration_people p JOIN configuration_heads h ON h.id = p.head_id
        JOIN organizations o ON o.id = h.organization_id
        JOIN configuration_versions v ON v.head_id = p.head_id AND v.version = p.version
        WHERE p.user_id = $1 ORDER BY v.updated_at, p.head_id, p.version
    """,
    "webhooks": """
        SELECT id, organization_id, url, description, created_at FROM webhooks WHERE created_by = $1 ORDER BY id
    """,
    "revocations": "SELECT * FROM revocations WHERE scope = 'user' AND id = $1::uuid::text",
    "repeatable_requests": """
        SELECT key, expires_at FROM idempotency_keys WHERE actor = 'user:' || $1::uuid::text OR person_id = $1
            OR people @> ARRAY[$1::uuid]
    """,
    "key": "SELECT created_at FROM person_keys WHERE person_id = $1",
}
"""What is held, and how it is read: never a hash, a token or a key, nor who else did it."""

EXEMPT: Final[Mapping[str, str]] = {
    "access_changes": "which of what processes remember is to be read again, for a week, by id",
    "alembic_version": "about the database",
    "archived_partitions": "about files that hold older parts of the logs",
    "audit_checkpoints": "about the audit trail as a whole",
    "audit_keys": "about the service",
    "audit_pending": "exported from `audit`, a moment later",
    "configuration_bodies": "documents of organizations; `configuration` says which speak of the person",
    "delivery_cursors": "about subscribers",
    "erasure_acknowledgements": "about people of whom nothing else is left",
    "erasures": "about people of whom nothing else is left",
    "jobs": "sealed mails that are on their way to the person",
    "log_head": "about the log",
    "outbox": "exported from `events`, a moment later",
    "parked_events": "positions of events, which are exported",
    "policy_models": "rules of organizations, in their words",
    "policy_rules": "rules of organizations, in their words",
    "role_inherits": "about roles",
    "service_accounts": "about programs",
    "setup": "about the installation",
    "signing_keys": "about the service",
    "visibility_groups": "about organizations",
    "webhook_cursors": "about webhooks",
    "webhook_deliveries": "which events went where, by their ids: the events are exported",
}
"""Tables that a dossier leaves out, and why."""
