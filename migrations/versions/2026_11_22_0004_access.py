"""Members, teams, visibility, resources, and grants on all of them: everything that a decision is made of.

Revision ID: 0004
Revises: 0003

Whatever a process may remember has a statement trigger that records its key in `access_changes`, so that neither a
command nor a repair by hand can change it unseen. Keys are those of `core/access/parts.py`.
"""

from core.postgres.migrating import execute

revision = "0004"
down_revision = "0003"

MEMBERS = r"""
CREATE TABLE memberships (
    id              uuid        CONSTRAINT pk_memberships PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_memberships_organization_id REFERENCES organizations ON DELETE CASCADE,
    user_id         uuid        NOT NULL CONSTRAINT fk_memberships_user_id REFERENCES users ON DELETE CASCADE,
    created_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_memberships_user_id UNIQUE (user_id, organization_id)
);
CREATE INDEX ix_memberships_organization_id ON memberships (organization_id, created_at, id);

-- `token_hash` is a keyed hash: whoever reads the table cannot accept an invitation.
CREATE TABLE invitations (
    id              uuid        CONSTRAINT pk_invitations PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_invitations_organization_id REFERENCES organizations ON DELETE CASCADE,
    email           text        NOT NULL,
    role_id         uuid        NOT NULL CONSTRAINT fk_invitations_role_id REFERENCES roles ON DELETE CASCADE,
    invited_by      uuid        NOT NULL CONSTRAINT fk_invitations_invited_by REFERENCES users ON DELETE CASCADE,
    token_hash      bytea       NOT NULL CONSTRAINT uq_invitations_token_hash UNIQUE,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_invitations_email UNIQUE (organization_id, email)
);
CREATE INDEX ix_invitations_organization_id ON invitations (organization_id, created_at, id);
CREATE INDEX ix_invitations_expires_at ON invitations (expires_at);

-- `path` is the team and those above it, itself first: what is granted to any of them reaches its members.
CREATE TABLE teams (
    id              uuid        CONSTRAINT pk_teams PRIMARY KEY,
    organization_id uuid        NOT NULL CONSTRAINT fk_teams_organization_id REFERENCES organizations ON DELETE CASCADE,
    parent_id       uuid,
    path            uuid[]      NOT NULL,
    name            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_teams_id UNIQUE (id, organization_id),
    CONSTRAINT fk_teams_parent_id FOREIGN KEY (parent_id, organization_id) REFERENCES teams (id, organization_id),
    CONSTRAINT ck_teams_path CHECK (path[1] = id AND cardinality(path) BETWEEN 1 AND 16),
    CONSTRAINT uq_teams_name UNIQUE NULLS NOT DISTINCT (organization_id, parent_id, name)
);
CREATE INDEX ix_teams_organization_id ON teams (organization_id, created_at, id);
CREATE INDEX ix_teams_parent_id ON teams (parent_id);
CREATE INDEX ix_teams_path ON teams USING gin (path);

-- Only members of the organization are in its teams, and whoever leaves it leaves them.
CREATE TABLE team_members (
    team_id         uuid        NOT NULL,
    organization_id uuid        NOT NULL,
    user_id         uuid        NOT NULL,
    role            text        NOT NULL CONSTRAINT ck_team_members_role CHECK (role IN ('member', 'admin')),
    created_at      timestamptz NOT NULL,
    CONSTRAINT pk_team_members PRIMARY KEY (team_id, user_id),
    CONSTRAINT fk_team_members_team_id FOREIGN KEY (team_id, organization_id)
        REFERENCES teams (id, organization_id) ON DELETE CASCADE,
    CONSTRAINT fk_team_members_user_id FOREIGN KEY (user_id, organization_id)
        REFERENCES memberships (user_id, organization_id) ON DELETE CASCADE
);
CREATE INDEX ix_team_members_user_id ON team_members (user_id, organization_id);
"""

RESOURCES = r"""
-- `path` is the resource and what it lies in, itself first. `wall_id` is the first of the path that is in a
-- visibility group, if any: whose groups decide who may see this one. Only members own something, and whoever leaves
-- the organization owns nothing in it.
CREATE TABLE resources (
    id              uuid        CONSTRAINT pk_resources PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_resources_organization_id REFERENCES organizations ON DELETE CASCADE,
    type            text        NOT NULL,
    external_id     text        NOT NULL,
    owner_id        uuid,
    parent_id       uuid,
    path            uuid[]      NOT NULL,
    wall_id         uuid,
    attributes      jsonb       NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_resources_external_id UNIQUE (organization_id, type, external_id),
    CONSTRAINT uq_resources_id UNIQUE (id, organization_id),
    CONSTRAINT fk_resources_owner_id FOREIGN KEY (owner_id, organization_id)
        REFERENCES memberships (user_id, organization_id) ON DELETE SET NULL (owner_id),
    CONSTRAINT fk_resources_parent_id FOREIGN KEY (parent_id, organization_id)
        REFERENCES resources (id, organization_id),
    CONSTRAINT ck_resources_path CHECK (path[1] = id AND cardinality(path) BETWEEN 1 AND 32)
) WITH (fillfactor = 85);
CREATE INDEX ix_resources_type ON resources (organization_id, type, id);
CREATE INDEX ix_resources_parent_id ON resources (parent_id);
CREATE INDEX ix_resources_owner_id ON resources (owner_id);
CREATE INDEX ix_resources_path ON resources USING gin (path) WITH (fastupdate = off);

CREATE TABLE visibility_groups (
    id              uuid        CONSTRAINT pk_visibility_groups PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_visibility_groups_organization_id REFERENCES organizations ON DELETE CASCADE,
    name            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_visibility_groups_id UNIQUE (id, organization_id),
    CONSTRAINT uq_visibility_groups_name UNIQUE (organization_id, name)
);
CREATE INDEX ix_visibility_groups_organization_id ON visibility_groups (organization_id, created_at, id);

-- Of each row one of the two is given: who may see, or what is seen.
CREATE TABLE visibility_members (
    group_id        uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id         uuid,
    team_id         uuid,
    CONSTRAINT fk_visibility_members_group_id FOREIGN KEY (group_id, organization_id)
        REFERENCES visibility_groups (id, organization_id) ON DELETE CASCADE,
    CONSTRAINT fk_visibility_members_user_id FOREIGN KEY (user_id, organization_id)
        REFERENCES memberships (user_id, organization_id) ON DELETE CASCADE,
    CONSTRAINT fk_visibility_members_team_id FOREIGN KEY (team_id, organization_id)
        REFERENCES teams (id, organization_id) ON DELETE CASCADE,
    CONSTRAINT ck_visibility_members_one CHECK (num_nonnulls(user_id, team_id) = 1),
    CONSTRAINT uq_visibility_members UNIQUE NULLS NOT DISTINCT (group_id, user_id, team_id)
);
CREATE INDEX ix_visibility_members_user_id ON visibility_members (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_visibility_members_team_id ON visibility_members (team_id) WHERE team_id IS NOT NULL;

CREATE TABLE visibility_contents (
    group_id        uuid NOT NULL,
    organization_id uuid NOT NULL,
    resource_id     uuid,
    user_id         uuid,
    CONSTRAINT fk_visibility_contents_group_id FOREIGN KEY (group_id, organization_id)
        REFERENCES visibility_groups (id, organization_id) ON DELETE CASCADE,
    CONSTRAINT fk_visibility_contents_resource_id FOREIGN KEY (resource_id, organization_id)
        REFERENCES resources (id, organization_id) ON DELETE CASCADE,
    CONSTRAINT fk_visibility_contents_user_id FOREIGN KEY (user_id, organization_id)
        REFERENCES memberships (user_id, organization_id) ON DELETE CASCADE,
    CONSTRAINT ck_visibility_contents_one CHECK (num_nonnulls(resource_id, user_id) = 1),
    CONSTRAINT uq_visibility_contents UNIQUE NULLS NOT DISTINCT (group_id, resource_id, user_id)
);
CREATE INDEX ix_visibility_contents_resource_id ON visibility_contents (resource_id) WHERE resource_id IS NOT NULL;
CREATE INDEX ix_visibility_contents_user_id ON visibility_contents (user_id, organization_id)
    WHERE user_id IS NOT NULL;
"""

GRANTS = r"""
CREATE TABLE role_inherits (
    role_id      uuid NOT NULL CONSTRAINT fk_role_inherits_role_id REFERENCES roles ON DELETE CASCADE,
    inherited_id uuid NOT NULL CONSTRAINT fk_role_inherits_inherited_id REFERENCES roles ON DELETE CASCADE,
    CONSTRAINT pk_role_inherits PRIMARY KEY (role_id, inherited_id),
    CONSTRAINT ck_role_inherits_self CHECK (role_id <> inherited_id)
);
CREATE INDEX ix_role_inherits_inherited_id ON role_inherits (inherited_id);

ALTER TABLE grants ADD CONSTRAINT fk_grants_resource_id FOREIGN KEY (resource_id, organization_id)
    REFERENCES resources (id, organization_id) ON DELETE CASCADE;

-- Subjects are of several tables, so no foreign key takes their grants with them.
CREATE FUNCTION drop_grants_of_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM grants g USING gone WHERE g.subject_type = TG_ARGV[0] AND g.subject_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_grants AFTER DELETE ON users REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION drop_grants_of_subject('user');
CREATE TRIGGER teams_grants AFTER DELETE ON teams REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION drop_grants_of_subject('team');
-- Whoever leaves an organization holds nothing in it.
CREATE FUNCTION drop_grants_of_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM grants g USING gone
    WHERE g.subject_type = 'user' AND g.subject_id = gone.user_id AND g.organization_id = gone.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_grants AFTER DELETE ON memberships REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION drop_grants_of_member();
"""

POLICIES = r"""
CREATE TABLE policy_models (
    id              uuid        CONSTRAINT pk_policy_models PRIMARY KEY,
    organization_id uuid        NOT NULL
                    CONSTRAINT fk_policy_models_organization_id REFERENCES organizations ON DELETE CASCADE,
    name            text        NOT NULL,
    text            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint      NOT NULL,
    CONSTRAINT uq_policy_models_name UNIQUE (organization_id, name)
);

-- `subject` is the field that a rule is found by: a question reads the rules of those it is about.
CREATE TABLE policy_rules (
    model_id uuid    NOT NULL CONSTRAINT fk_policy_rules_model_id REFERENCES policy_models ON DELETE CASCADE,
    position integer NOT NULL,
    kind     text    NOT NULL,
    subject  text    NOT NULL,
    fields   text[]  NOT NULL,
    CONSTRAINT pk_policy_rules PRIMARY KEY (model_id, position)
);
CREATE INDEX ix_policy_rules_subject ON policy_rules (model_id, kind, subject);
"""

# What `domain/access/comparing.py` says, of JSON values: conditions of grants inside lists.
COMPARE = """
CREATE FUNCTION compare_scalars(operator text, one jsonb, other jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN jsonb_typeof(one) IS DISTINCT FROM jsonb_typeof(other) THEN NULL
    WHEN jsonb_typeof(one) NOT IN ('string', 'number', 'boolean') THEN NULL
    WHEN operator = 'eq' THEN one = other
    WHEN operator = 'ne' THEN one <> other
    WHEN jsonb_typeof(one) = 'number' THEN CASE operator
        WHEN 'lt' THEN one < other WHEN 'le' THEN one <= other
        WHEN 'gt' THEN one > other WHEN 'ge' THEN one >= other END
    WHEN jsonb_typeof(one) = 'string' THEN CASE operator
        WHEN 'lt' THEN (one #>> '{}') COLLATE "C" < (other #>> '{}') COLLATE "C"
        WHEN 'le' THEN (one #>> '{}') COLLATE "C" <= (other #>> '{}') COLLATE "C"
        WHEN 'gt' THEN (one #>> '{}') COLLATE "C" > (other #>> '{}') COLLATE "C"
        WHEN 'ge' THEN (one #>> '{}') COLLATE "C" >= (other #>> '{}') COLLATE "C" END
END;
CREATE FUNCTION is_among(one jsonb, many jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN coalesce(jsonb_typeof(one), '') NOT IN ('string', 'number', 'boolean') THEN NULL
    WHEN jsonb_typeof(many) IS DISTINCT FROM 'array' THEN NULL
    ELSE (SELECT CASE WHEN bool_or(compare_scalars('eq', one, item)) THEN true
                      WHEN bool_or(compare_scalars('eq', one, item) IS NULL) THEN NULL ELSE false END
          FROM jsonb_array_elements(many) AS item)
END;
CREATE FUNCTION compare_values(operator text, one jsonb, other jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN CASE operator
    WHEN 'in' THEN is_among(one, other)
    WHEN 'contains' THEN is_among(other, one)
    ELSE compare_scalars(operator, one, other)
END;
"""

# By table: the scope and the column that is the key of what a process remembers of it.
RECORDED = {
    "role_inherits": [("role", "role_id")],
    "memberships": [("user", "user_id")],
    "teams": [("team", "id")],
    "team_members": [("user", "user_id")],
    "resources": [("resource", "id")],
    "visibility_members": [("user", "user_id"), ("team", "team_id")],
    "visibility_contents": [("resource", "resource_id"), ("person", "user_id")],
}

RECORD = """
CREATE FUNCTION record_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_changes (scope, id) {keys} ORDER BY 1, 2;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_{table}();
CREATE TRIGGER {table}_updated_from AFTER UPDATE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_{table}();
CREATE TRIGGER {table}_updated_to AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_{table}();
CREATE TRIGGER {table}_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_{table}();
"""
KEYS = "SELECT DISTINCT '{scope}', {column} FROM changed WHERE {column} IS NOT NULL"

PEOPLE = """
CREATE FUNCTION record_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_changes (scope, id) VALUES ('user', coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER users_recorded AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION record_person();
CREATE TRIGGER users_judged AFTER UPDATE OF is_active, email_verified ON users FOR EACH ROW
    WHEN (OLD.is_active <> NEW.is_active OR OLD.email_verified <> NEW.email_verified)
    EXECUTE FUNCTION record_person();
CREATE INDEX ix_access_changes_transaction ON access_changes (transaction);
"""

ROLES = {
    "owner": "Everything in an organization, its ownership included.",
    "admin": "Everything in an organization but its ownership.",
    "member": "What every member may see.",
    "auditor": "Sees everything in an organization, and why access is as it is; changes nothing.",
    "service": "Registers resources and asks for decisions.",
}
READS = "grants:read members:read organizations:read resources:read roles:read teams:read visibility:read"
WRITES = (
    "configuration:read configuration:write grants:write members:write organizations:write resources:share"
    " resources:write roles:write teams:write visibility:bypass visibility:write access:check access:explain"
    " access:simulate"
)
HELD = {
    "owner": f"{READS} {WRITES} organizations:own",
    "admin": f"{READS} {WRITES}",
    "member": "members:read organizations:read resources:read teams:read",
    "auditor": f"{READS} access:check access:explain configuration:read visibility:bypass",
    "service": (
        "access:check members:read organizations:read resources:read resources:share resources:write teams:read"
        " visibility:bypass"
    ),
}
SEED = """
INSERT INTO roles (id, organization_id, name, description, permissions, seeded, version)
VALUES ('00000000-0000-7000-8000-{number:012d}', NULL, '{name}', '{description}', '{{{held}}}', '{{{held}}}', 0)
"""

DROP = """
DELETE FROM roles WHERE seeded IS NOT NULL AND name <> 'superuser';
DROP INDEX ix_access_changes_transaction;
DROP TRIGGER users_recorded ON users;
DROP TRIGGER users_judged ON users;
DROP TRIGGER users_grants ON users;
DROP FUNCTION record_person();
DELETE FROM grants WHERE subject_type <> 'user' OR resource_id IS NOT NULL;
ALTER TABLE grants DROP CONSTRAINT fk_grants_resource_id;
DROP TABLE policy_rules, policy_models, role_inherits, visibility_contents, visibility_members, visibility_groups,
    resources, team_members, teams, invitations, memberships;
DROP FUNCTION compare_values(text, jsonb, jsonb);
DROP FUNCTION is_among(jsonb, jsonb);
DROP FUNCTION compare_scalars(text, jsonb, jsonb);
DROP FUNCTION drop_grants_of_subject();
DROP FUNCTION drop_grants_of_member();
"""


def upgrade() -> None:
    for part in (MEMBERS, RESOURCES, GRANTS, POLICIES, PEOPLE, COMPARE):
        execute(part)
    for table, keys in RECORDED.items():
        chosen = " UNION ".join(KEYS.format(scope=scope, column=column) for scope, column in keys)
        execute(RECORD.format(table=table, keys=chosen))
    for number, (name, description) in enumerate(ROLES.items(), start=3):
        held = ",".join(f'"{each}"' for each in sorted(HELD[name].split()))
        execute(SEED.format(number=number, name=name, description=description.replace("'", "''"), held=held))


def downgrade() -> None:
    execute(DROP)
    for table in RECORDED:
        execute(f"DROP FUNCTION record_{table}()")
