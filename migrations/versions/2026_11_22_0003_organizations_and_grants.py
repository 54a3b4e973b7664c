"""Organizations, roles and grants, as far as administrators need them, and configuration documents.

Revision ID: 0003
Revises: 0002
"""

from core.postgres.migrating import execute

revision = "0003"
down_revision = "0002"

TABLES = r"""
CREATE TABLE organizations (
    id         uuid        CONSTRAINT pk_organizations PRIMARY KEY,
    name       text        NOT NULL,
    slug       text        NOT NULL CONSTRAINT uq_organizations_slug UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL
);
INSERT INTO organizations VALUES
    ('00000000-0000-7000-8000-000000000001', 'Platform', 'platform', now(), now(), 1);

-- `seeded` is what the last release wrote into a system role: what differs from it was edited here, and stays.
CREATE TABLE roles (
    id              uuid        CONSTRAINT pk_roles PRIMARY KEY,
    organization_id uuid        CONSTRAINT fk_roles_organization_id REFERENCES organizations ON DELETE CASCADE,
    name            text        NOT NULL,
    description     text        NOT NULL DEFAULT '',
    permissions     text[]      NOT NULL,
    seeded          text[],
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         bigint      NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX uq_roles_name ON roles (coalesce(organization_id, '00000000-0000-0000-0000-000000000000'), name);
-- `*` is understood in system roles only, and nobody can write one.
INSERT INTO roles VALUES
    ('00000000-0000-7000-8000-000000000002', NULL, 'superuser', 'Everything, everywhere.', '{*}', '{*}');

-- Without a resource a grant holds in the whole organization; with one, on it alone or on everything below it too.
CREATE TABLE grants (
    id              uuid        CONSTRAINT pk_grants PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_grants_organization_id REFERENCES organizations ON DELETE CASCADE,
    subject_type    text        NOT NULL
                    CONSTRAINT ck_grants_subject_type CHECK (subject_type IN ('user', 'team', 'service_account')),
    subject_id      uuid        NOT NULL,
    role_id         uuid        NOT NULL CONSTRAINT fk_grants_role_id REFERENCES roles ON DELETE CASCADE,
    resource_id     uuid,
    below           boolean     NOT NULL DEFAULT false,
    effect          text        NOT NULL DEFAULT 'allow'
                    CONSTRAINT ck_grants_effect CHECK (effect IN ('allow', 'deny')),
    condition       jsonb,
    expires_at      timestamptz,
    granted_by      uuid,
    created_at      timestamptz NOT NULL,
    version         bigint      NOT NULL DEFAULT 1,
    CONSTRAINT ck_grants_below CHECK (resource_id IS NOT NULL OR NOT below)
);
CREATE UNIQUE INDEX uq_grants_subject ON grants (subject_type, subject_id, organization_id, role_id, effect,
    coalesce(resource_id, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX ix_grants_organization_id ON grants (organization_id, created_at, id);
CREATE INDEX ix_grants_resource_id ON grants (resource_id) WHERE resource_id IS NOT NULL;
CREATE INDEX ix_grants_expires_at ON grants (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX ix_grants_role_id ON grants (role_id);

CREATE FUNCTION record_grant_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_changes (scope, id) SELECT DISTINCT subject_type, subject_id FROM changed ORDER BY 1, 2;
    RETURN NULL;
END $$;
CREATE TRIGGER grants_inserted AFTER INSERT ON grants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_grant_changes();
CREATE TRIGGER grants_updated_from AFTER UPDATE ON grants REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_grant_changes();
CREATE TRIGGER grants_updated_to AFTER UPDATE ON grants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_grant_changes();
CREATE TRIGGER grants_deleted AFTER DELETE ON grants REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_grant_changes();

CREATE FUNCTION record_role_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_changes (scope, id) SELECT 'role', id FROM changed ORDER BY 2;
    RETURN NULL;
END $$;
CREATE TRIGGER roles_updated AFTER UPDATE ON roles REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_role_changes();
CREATE TRIGGER roles_deleted AFTER DELETE ON roles REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_role_changes();

-- Which immutable body is in force. The body is written first; moving this row is the change.
CREATE TABLE configuration_heads (
    id              uuid        CONSTRAINT pk_configuration_heads PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_configuration_heads_organization_id REFERENCES organizations ON DELETE CASCADE,
    namespace       text        NOT NULL,
    body_id         uuid        NOT NULL,
    digest          bytea       NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_configuration_heads_namespace UNIQUE (organization_id, namespace)
);

-- One row that is updated once: the first administrator is named once, even if all of them are deleted later.
CREATE TABLE setup (
    one          boolean CONSTRAINT pk_setup PRIMARY KEY DEFAULT true CONSTRAINT ck_setup_one CHECK (one),
    completed_at timestamptz
);
INSERT INTO setup DEFAULT VALUES;

-- Every body that ever was in force: the history, and what the clean-up of bodies must keep. A body's own `version`
-- does not tell, for the loser of a race leaves one behind with the version that the winner got.
CREATE TABLE configuration_versions (
    head_id    uuid        NOT NULL
               CONSTRAINT fk_configuration_versions_head_id REFERENCES configuration_heads ON DELETE CASCADE,
    version    bigint      NOT NULL,
    body_id    uuid        NOT NULL,
    digest     bytea       NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_configuration_versions PRIMARY KEY (head_id, version)
);
CREATE INDEX ix_configuration_versions_body_id ON configuration_versions (body_id);

CREATE FUNCTION record_configuration_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO configuration_versions VALUES (NEW.id, NEW.version, NEW.body_id, NEW.digest, NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER configuration_heads_moved AFTER INSERT OR UPDATE OF body_id ON configuration_heads
    FOR EACH ROW EXECUTE FUNCTION record_configuration_version();

-- Bodies, where MongoDB is not configured. Never changed, and collected when no head ever pointed to them.
CREATE TABLE configuration_bodies (
    id              uuid        CONSTRAINT pk_configuration_bodies PRIMARY KEY,
    organization_id uuid        NOT NULL,
    namespace       text        NOT NULL,
    version         bigint      NOT NULL,
    body            jsonb       NOT NULL,
    written_at      timestamptz NOT NULL
);
CREATE INDEX ix_configuration_bodies_namespace ON configuration_bodies (organization_id, namespace, version);
"""

DROP = """
DROP TABLE setup, configuration_bodies, configuration_versions, configuration_heads, grants, roles, organizations;
DROP FUNCTION record_configuration_version();
DROP FUNCTION record_grant_changes();
DROP FUNCTION record_role_changes();
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute(DROP)
