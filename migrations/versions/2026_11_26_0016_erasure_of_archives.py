"""What is still missing to erase people, and to tell them what is held: former addresses, kept answers, events.

Revision ID: 0016
Revises: 0015
"""

from core.postgres.migrating import execute

revision = "0016"
down_revision = "0015"

# A trigger, for events go to the archive, and because the release before changes addresses too. What was changed before
# it is in events; those that leave for the archive in the clear are noted as they go.
TABLES = """
CREATE TABLE former_addresses (
    person_id uuid        NOT NULL CONSTRAINT fk_former_addresses_person_id REFERENCES users ON DELETE CASCADE,
    email     text        NOT NULL,
    left_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_former_addresses PRIMARY KEY (person_id, email)
);
ALTER TABLE former_addresses ALTER COLUMN email SET STATISTICS 0;

-- As in jobs, a keyed hash.
ALTER TABLE idempotency_keys ADD COLUMN about bytea;
CREATE INDEX ix_idempotency_keys_about ON idempotency_keys (about) WHERE about IS NOT NULL;

-- Events that name somebody elsewhere than those of ix_events_about do.
CREATE INDEX ix_events_naming ON events
    ((coalesce(data ->> 'to_user_id', data ->> 'invited_by', data ->> 'created_by')), position)
    WHERE type IN ('organizations.invitation.made', 'organizations.organization.created',
                   'organizations.ownership.transferred');
CREATE INDEX ix_events_transferred ON events ((data ->> 'from_user_id'), position)
    WHERE type = 'organizations.ownership.transferred';

CREATE FUNCTION record_former_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_addresses (person_id, email) VALUES (OLD.id, OLD.email)
    ON CONFLICT (person_id, email) DO UPDATE SET left_at = excluded.left_at;
    RETURN NULL;
END $$;
CREATE TRIGGER users_moved AFTER UPDATE OF email ON users FOR EACH ROW
    WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION record_former_address();
"""

DROP = """
DROP INDEX ix_events_transferred;
DROP INDEX ix_events_naming;
ALTER TABLE idempotency_keys DROP COLUMN about;
DROP TRIGGER users_moved ON users;
DROP FUNCTION record_former_address();
DROP TABLE former_addresses;
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute(DROP)
