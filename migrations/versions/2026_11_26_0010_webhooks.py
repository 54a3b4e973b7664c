"""Webhooks: whom the log is told to, how far, and what became of each delivery.

Revision ID: 0010
Revises: 0009
"""

from core.postgres.migrating import execute
from core.postgres.seeding import extend, retract

revision = "0010"
down_revision = "0009"

TABLES = """
-- Secrets are sealed under a key that the database does not hold, bound to the webhook.
CREATE TABLE webhooks (
    id               uuid        CONSTRAINT pk_webhooks PRIMARY KEY,
    organization_id  uuid        NOT NULL
                     CONSTRAINT fk_webhooks_organization_id REFERENCES organizations ON DELETE CASCADE,
    url              text        NOT NULL,
    description      text        NOT NULL,
    event_types      text[]      NOT NULL,
    is_enabled       boolean     NOT NULL,
    disabled_because text,
    secret           bytea       NOT NULL,
    previous_secret  bytea,
    previous_until   timestamptz,
    created_by       uuid        NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    version          bigint      NOT NULL
);
CREATE INDEX ix_webhooks_organization_id ON webhooks (organization_id, created_at, id);

-- What workers know of a webhook. The events up to `position` are deliveries, or none of its business.
CREATE TABLE webhook_cursors (
    webhook_id    uuid   CONSTRAINT pk_webhook_cursors PRIMARY KEY
                  CONSTRAINT fk_webhook_cursors_webhook_id REFERENCES webhooks ON DELETE CASCADE,
    position      bigint NOT NULL,
    failing_since timestamptz,
    claimed_at    timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

-- One event on its way to one webhook. A test has no position. While it waits it is nobody else's until `next_at`.
CREATE TABLE webhook_deliveries (
    id           uuid        CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
    webhook_id   uuid        NOT NULL
                 CONSTRAINT fk_webhook_deliveries_webhook_id REFERENCES webhooks ON DELETE CASCADE,
    event_id     uuid        NOT NULL,
    position     bigint,
    type         text        NOT NULL,
    aggregate_id uuid        NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting',
    attempts     integer     NOT NULL DEFAULT 0,
    claimed      boolean     NOT NULL DEFAULT false,
    status       smallint,
    reason       text,
    milliseconds integer,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempted_at timestamptz,
    next_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('waiting', 'delivered', 'dead')),
    CONSTRAINT ck_webhook_deliveries_expires_at CHECK ((state = 'waiting') = (expires_at IS NULL))
);
CREATE UNIQUE INDEX uq_webhook_deliveries_position ON webhook_deliveries (webhook_id, position);
CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX ix_webhook_deliveries_next_at ON webhook_deliveries (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_aggregate ON webhook_deliveries (webhook_id, aggregate_id, position)
    WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_expires_at ON webhook_deliveries (expires_at);
"""

SEEDED_TOO = {
    "owner": "webhooks:read webhooks:write",
    "admin": "webhooks:read webhooks:write",
    "auditor": "webhooks:read",
}
"""What system roles come with from this release on, by name."""

DROP = """
DROP TABLE webhook_deliveries, webhook_cursors, webhooks;
"""


def upgrade() -> None:
    execute(TABLES)
    for role, permissions in SEEDED_TOO.items():
        extend(role, permissions.split())


def downgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        retract(role, permissions.split())
    execute(DROP)
