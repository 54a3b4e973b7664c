"""Links that were mailed to people and not used yet.

Revision ID: 0008
Revises: 0007
"""

from core.postgres.migrating import execute

revision = "0008"
down_revision = "0007"

# Of the token nothing is here but a keyed hash.
TABLE = """
CREATE TABLE mailed_links (
    user_id    uuid        NOT NULL CONSTRAINT fk_mailed_links_user_id REFERENCES users ON DELETE CASCADE,
    purpose    text        NOT NULL,
    email      text        NOT NULL,
    epoch      bigint      NOT NULL,
    token_hash bytea       NOT NULL CONSTRAINT uq_mailed_links_token_hash UNIQUE,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_mailed_links PRIMARY KEY (user_id, purpose)
);
CREATE INDEX ix_mailed_links_expires_at ON mailed_links (expires_at);
"""


def upgrade() -> None:
    execute(TABLE)


def downgrade() -> None:
    execute("DROP TABLE mailed_links")
