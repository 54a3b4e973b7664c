"""Organizations may have their own events read.

Revision ID: 0011
Revises: 0010
"""

from core.postgres.seeding import extend, retract

revision = "0011"
down_revision = "0010"

SEEDED_TOO = {"owner": "events:read", "admin": "events:read", "auditor": "events:read"}
"""What system roles come with from this release on, by name."""


def upgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        extend(role, permissions.split())


def downgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        retract(role, permissions.split())
