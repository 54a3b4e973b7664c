"""Whom configuration documents and kept answers speak of.

Revision ID: 0015
Revises: 0014
"""

from core.postgres.migrating import execute

revision = "0015"
down_revision = "0014"

# A body, wherever it is, says the same under keys of the people; this says where to look, and goes with either side.
TABLES = """
CREATE TABLE configuration_people (
    user_id uuid   NOT NULL CONSTRAINT fk_configuration_people_user_id REFERENCES users ON DELETE CASCADE,
    head_id uuid   NOT NULL
            CONSTRAINT fk_configuration_people_head_id REFERENCES configuration_heads ON DELETE CASCADE,
    version bigint NOT NULL,
    CONSTRAINT pk_configuration_people PRIMARY KEY (user_id, head_id, version)
);
CREATE INDEX ix_configuration_people_head_id ON configuration_people (head_id);

ALTER TABLE idempotency_keys ADD COLUMN people uuid[];
CREATE INDEX ix_idempotency_keys_people ON idempotency_keys USING gin (people) WHERE people IS NOT NULL;
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute("ALTER TABLE idempotency_keys DROP COLUMN people; DROP TABLE configuration_people;")
