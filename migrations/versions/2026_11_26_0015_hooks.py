"""When each webhook had its last turn to be planned.

Revision ID: 0015_hooks
Revises: 0014
"""

from core.postgres.migrating import execute

revision = "0015_hooks"
down_revision = "0014"

# Not indexed, so that a cursor that moves stays where it is.
COLUMN = "ALTER TABLE webhook_cursors ADD COLUMN planned_at timestamptz NOT NULL DEFAULT '-infinity'"


def upgrade() -> None:
    execute(COLUMN)


def downgrade() -> None:
    execute("ALTER TABLE webhook_cursors DROP COLUMN planned_at")
