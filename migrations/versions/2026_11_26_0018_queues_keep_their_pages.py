"""Queues that keep the pages they have: to give them back takes a lock for which every writer waits.

Revision ID: 0018
Revises: 0017
"""

from core.postgres.migrating import execute

revision = "0018"
down_revision = "0017"

KEPT = """
ALTER TABLE outbox SET (vacuum_truncate = false);
ALTER TABLE audit_pending SET (vacuum_truncate = false);
"""
GIVEN_BACK = """
ALTER TABLE audit_pending RESET (vacuum_truncate);
ALTER TABLE outbox RESET (vacuum_truncate);
"""


def upgrade() -> None:
    execute(KEPT)


def downgrade() -> None:
    execute(GIVEN_BACK)
