"""Partitions of the logs that were archived and dropped.

Revision ID: 0014
Revises: 0013
"""

from core.postgres.migrating import execute

revision = "0014"
down_revision = "0013"

# What a file has to be to be believed is told here, not beside the file.
TABLES = """
CREATE TABLE archived_partitions (
    log         text        NOT NULL,
    first       bigint      NOT NULL,
    last        bigint      NOT NULL,
    entries     bigint      NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    ending      text,
    file        text        NOT NULL,
    bytes       bigint      NOT NULL,
    sha256      text        NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    kept_until  timestamptz,
    CONSTRAINT pk_archived_partitions PRIMARY KEY (log, first)
)
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute("DROP TABLE archived_partitions")
