"""What programs need that verify tokens offline: to hear of revocations, and to ask about single tokens.

Revision ID: 0006
Revises: 0005
"""

from core.postgres.seeding import extend, retract

revision = "0006"
down_revision = "0005"

TOLD = "revocations:read tokens:introspect"
SEEDED_TOO = {"owner": TOLD, "admin": TOLD, "service": TOLD}
"""What system roles come with from this release on, by name: whoever grants `service` has to hold what is in it."""


def upgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        extend(role, permissions.split())


def downgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        retract(role, permissions.split())
