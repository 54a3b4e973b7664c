"""The keys that sign access tokens, sealed under the master secret.

Revision ID: 0007
Revises: 0006
"""

from core.postgres.migrating import execute

revision = "0007"
down_revision = "0006"

KEYS = r"""
-- `sealed` is the JSON Web Key under a key that the database does not hold, bound to `kid`: who reads the table can
-- sign nothing, and who writes it can add no key. Public keys are sealed too. A removed key has none.
CREATE TABLE signing_keys (
    id           uuid        CONSTRAINT pk_signing_keys PRIMARY KEY,
    kid          text        NOT NULL CONSTRAINT uq_signing_keys_kid UNIQUE,
    algorithm    text        NOT NULL,
    sealed       bytea,
    state        text        NOT NULL,
    published_at timestamptz NOT NULL,
    activated_at timestamptz,
    retired_at   timestamptz,
    removed_at   timestamptz,
    expires_at   timestamptz,
    version      bigint      NOT NULL,
    CONSTRAINT ck_signing_keys_state CHECK (state IN ('next', 'active', 'retired', 'removed')),
    CONSTRAINT ck_signing_keys_sealed CHECK ((state = 'removed') = (sealed IS NULL)),
    CONSTRAINT ck_signing_keys_expires_at CHECK ((state IN ('next', 'active')) = (expires_at IS NULL))
);
-- One key signs and one waits, whoever writes.
CREATE UNIQUE INDEX uq_signing_keys_state ON signing_keys (state) WHERE state IN ('next', 'active');
CREATE INDEX ix_signing_keys_expires_at ON signing_keys (expires_at);
"""

DROP = """
DROP TABLE signing_keys;
"""


def upgrade() -> None:
    execute(KEYS)


def downgrade() -> None:
    execute(DROP)
