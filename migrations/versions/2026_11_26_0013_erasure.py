"""A key for each person, and who was erased.

Revision ID: 0013
Revises: 0009
"""

from core.postgres.migrating import execute

revision = "0013"
down_revision = "0009"

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
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute("DROP TABLE person_keys")
