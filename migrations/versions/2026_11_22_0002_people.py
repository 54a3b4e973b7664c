"""People, how they prove who they are, and their sessions.

Revision ID: 0002
Revises: 0001
"""

from core.postgres.migrating import execute

revision = "0002"
down_revision = "0001"

TABLES = r"""
CREATE TABLE users (
    id             uuid        CONSTRAINT pk_users PRIMARY KEY,
    email          text        NOT NULL CONSTRAINT uq_users_email UNIQUE,
    email_verified boolean     NOT NULL,
    username       text        CONSTRAINT uq_users_username UNIQUE,
    full_name      text,
    is_active      boolean     NOT NULL,
    epoch          bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    version        bigint      NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX ix_users_created_at ON users (created_at, id);

CREATE TABLE credentials (
    user_id       uuid        CONSTRAINT pk_credentials PRIMARY KEY
                              CONSTRAINT fk_credentials_user_id REFERENCES users ON DELETE CASCADE,
    password_hash text        NOT NULL,
    changed_at    timestamptz NOT NULL
);

-- Consecutive failures on an account: the truth of the lockout, which outlives Redis.
CREATE TABLE sign_in_failures (
    account    text        CONSTRAINT pk_sign_in_failures PRIMARY KEY,
    failures   integer     NOT NULL,
    failed_at  timestamptz NOT NULL
);
CREATE INDEX ix_sign_in_failures_failed_at ON sign_in_failures (failed_at);

CREATE TABLE sessions (
    id              uuid        CONSTRAINT pk_sessions PRIMARY KEY,
    user_id         uuid        NOT NULL CONSTRAINT fk_sessions_user_id REFERENCES users ON DELETE CASCADE,
    organization_id uuid,
    user_agent      text,
    address         text,
    factors         text[]      NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    version         bigint      NOT NULL
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id, created_at);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

-- Nothing here is a secret: a token is (family, key id, generation) and an HMAC of it, derived again when needed.
CREATE TABLE refresh_families (
    id         uuid          CONSTRAINT pk_refresh_families PRIMARY KEY,
    session_id uuid          NOT NULL CONSTRAINT fk_refresh_families_session_id REFERENCES sessions ON DELETE CASCADE,
    user_id    uuid          NOT NULL CONSTRAINT fk_refresh_families_user_id REFERENCES users ON DELETE CASCADE,
    key_id     integer       NOT NULL,
    generation bigint        NOT NULL DEFAULT 0,
    rotations  timestamptz[] NOT NULL DEFAULT '{}',
    expires_at timestamptz   NOT NULL,
    revoked_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX ix_refresh_families_session_id ON refresh_families (session_id);
CREATE INDEX ix_refresh_families_user_id ON refresh_families (user_id);
CREATE INDEX ix_refresh_families_expires_at ON refresh_families (expires_at);
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute("DROP TABLE refresh_families, sessions, sign_in_failures, credentials, users")
