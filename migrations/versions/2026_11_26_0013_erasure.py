"""A key for each person, and who was erased.

Revision ID: 0013
Revises: 0012
"""

from core.postgres.migrating import execute

revision = "0013"
down_revision = "0012"

TABLES = r"""
-- No foreign key: it is written by the statement that announces somebody, and deleted by the one that erases them.
CREATE TABLE person_keys (
    person_id  uuid        CONSTRAINT pk_person_keys PRIMARY KEY,
    salt       bytea       NOT NULL CONSTRAINT ck_person_keys_salt CHECK (octet_length(salt) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Two random UUIDs have 244 random bits. Whoever signs up with the release before this one gets theirs later.
INSERT INTO person_keys (person_id, salt)
SELECT id, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FROM users;

-- Nothing is left of whoever was erased but the id: it is what subscribers know them by.
CREATE TABLE erasures (
    person_id   uuid        CONSTRAINT pk_erasures PRIMARY KEY,
    erased_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX ix_erasures_erased_at ON erasures (erased_at, person_id);

CREATE TABLE erasure_acknowledgements (
    person_id       uuid        NOT NULL
                    CONSTRAINT fk_erasure_acknowledgements_person_id REFERENCES erasures ON DELETE CASCADE,
    subscriber      text        NOT NULL,
    acknowledged_at timestamptz,
    CONSTRAINT pk_erasure_acknowledgements PRIMARY KEY (person_id, subscriber)
);
CREATE INDEX ix_erasure_acknowledgements_missing ON erasure_acknowledgements (person_id)
    WHERE acknowledged_at IS NULL;

-- Whom jobs and kept answers are about, so that they go with them. `about` is a keyed hash of an address.
ALTER TABLE jobs ADD COLUMN about bytea;
CREATE INDEX ix_jobs_about ON jobs (about) WHERE about IS NOT NULL;
ALTER TABLE idempotency_keys ADD COLUMN person_id uuid;
CREATE INDEX ix_idempotency_keys_person_id ON idempotency_keys (person_id) WHERE person_id IS NOT NULL;

-- What is about somebody though its aggregate is not they: for those who ask what is held about them.
CREATE INDEX ix_events_about ON events
    ((coalesce(data ->> 'user_id', data ->> 'subject_id', data ->> 'owner_id')), position)
    WHERE aggregate_type <> 'user';
"""

UNCOUNTED = {
    "users": ("email", "username", "full_name"),
    "invitations": ("email",),
    "mailed_links": ("email",),
    "sessions": ("user_agent", "address"),
    "refresh_families": ("address",),
}
"""What the planner must keep no samples of: they would outlive the rows. It knows of unique columns that they are."""

DROP = """
DROP INDEX ix_events_about;
ALTER TABLE idempotency_keys DROP COLUMN person_id;
ALTER TABLE jobs DROP COLUMN about;
DROP TABLE erasure_acknowledgements, erasures, person_keys;
"""


def upgrade() -> None:
    execute(TABLES)
    for table, columns in UNCOUNTED.items():
        for column in columns:
            execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")


def downgrade() -> None:
    for table, columns in UNCOUNTED.items():
        for column in columns:
            execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
    execute(DROP)
