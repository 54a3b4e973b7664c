"""When each webhook had its last turn to be planned, and an index of deliveries that are dead.

Revision ID: 0017
Revises: 0016
"""

from core.postgres.migrating import execute

revision = "0017"
down_revision = "0016"

# The column is not indexed, so that a cursor that moves stays where it is.
TABLES = """
ALTER TABLE webhook_cursors ADD COLUMN planned_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX ix_webhook_deliveries_dead ON webhook_deliveries (webhook_id, created_at, id) WHERE state = 'dead';
"""
DROP = """
DROP INDEX ix_webhook_deliveries_dead;
ALTER TABLE webhook_cursors DROP COLUMN planned_at;
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute(DROP)
