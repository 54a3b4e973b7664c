"""Where a session was last refreshed from.

Revision ID: 0009
Revises: 0008
"""

from core.postgres.migrating import execute

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    execute("ALTER TABLE refresh_families ADD COLUMN address text")


def downgrade() -> None:
    execute("ALTER TABLE refresh_families DROP COLUMN address")
