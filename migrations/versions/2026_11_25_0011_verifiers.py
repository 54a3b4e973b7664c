"""What programs need that verify tokens offline: to hear of revocations, and to ask about single tokens.

Revision ID: 0011
Revises: 0004
"""

from core.postgres.seeding import extend, retract

revision = "0011"
down_revision = "0004"

SERVICE = ("revocations:read", "tokens:introspect")


def upgrade() -> None:
    extend("service", SERVICE)


def downgrade() -> None:
    retract("service", SERVICE)
