"""Service accounts: what programs of an organization are granted something as.

Revision ID: 0005
Revises: 0004

What is remembered of one is remembered as of a person, under its id; grants to it are recorded already.
"""

from core.postgres.migrating import execute
from core.postgres.seeding import extend, retract

revision = "0005"
down_revision = "0004"

TABLE = """
CREATE TABLE service_accounts (
    id              uuid        CONSTRAINT pk_service_accounts PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_service_accounts_organization_id REFERENCES organizations ON DELETE CASCADE,
    name            text        NOT NULL,
    description     text        NOT NULL,
    is_active       boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_service_accounts_name UNIQUE (organization_id, name)
);
CREATE INDEX ix_service_accounts_organization_id ON service_accounts (organization_id, created_at, id);
CREATE TRIGGER service_accounts_grants AFTER DELETE ON service_accounts REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION drop_grants_of_subject('service_account');

CREATE FUNCTION record_service_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_changes (scope, id) VALUES ('service_account', coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER service_accounts_recorded AFTER INSERT OR DELETE ON service_accounts
    FOR EACH ROW EXECUTE FUNCTION record_service_account();
CREATE TRIGGER service_accounts_judged AFTER UPDATE OF is_active, organization_id ON service_accounts FOR EACH ROW
    WHEN (OLD.is_active <> NEW.is_active OR OLD.organization_id <> NEW.organization_id)
    EXECUTE FUNCTION record_service_account();
"""

SEEDED_TOO = {
    "owner": "service_accounts:read service_accounts:write",
    "admin": "service_accounts:read service_accounts:write",
    "auditor": "service_accounts:read",
}
"""What system roles come with from this release on, by name."""

DROP = """
DELETE FROM grants WHERE subject_type = 'service_account';
DROP TABLE service_accounts;
DROP FUNCTION record_service_account();
"""


def upgrade() -> None:
    execute(TABLE)
    for role, permissions in SEEDED_TOO.items():
        extend(role, permissions.split())


def downgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        retract(role, permissions.split())
    execute(DROP)
