"""The audit trail as evidence: where, whose and in which trace; checkpoints; nothing of it can be changed.

Revision ID: 0012
Revises: 0011
"""

from core.postgres.migrating import execute
from core.postgres.seeding import extend, retract

revision = "0012"
down_revision = "0011"

# `form` says what `leaf` covers: the release before this one goes on writing entries of form 1.
COLUMNS = """
ALTER TABLE audit_pending ADD COLUMN form smallint NOT NULL DEFAULT 1, ADD COLUMN person_id uuid,
    ADD COLUMN place bytea, ADD COLUMN trace text;
ALTER TABLE audit ADD COLUMN form smallint NOT NULL DEFAULT 1, ADD COLUMN person_id uuid,
    ADD COLUMN place bytea, ADD COLUMN trace text;
"""

# Newest first, whatever is asked for: each ends with the moment and the position. Nearly all is done, so that only
# other outcomes need an index.
INDEXES = """
CREATE INDEX ix_audit_occurred_at ON audit (occurred_at, position);
CREATE INDEX ix_audit_actor ON audit (actor, occurred_at, position);
CREATE INDEX ix_audit_target ON audit (target, occurred_at, position);
CREATE INDEX ix_audit_action ON audit (action text_pattern_ops, occurred_at, position);
CREATE INDEX ix_audit_outcome ON audit (outcome, occurred_at, position) WHERE outcome <> 'done';
CREATE INDEX ix_audit_person ON audit (person_id, occurred_at, position) WHERE person_id IS NOT NULL;
CREATE INDEX ix_audit_within ON audit (organization_id, occurred_at, position) WHERE organization_id IS NOT NULL;
DROP INDEX ix_audit_organization;
"""

# Whoever may change tables can take the triggers off. They stop mistakes; what is done in spite of them is found by
# `gatewright audit verify`. Triggers for rows come to new partitions by themselves, those for TRUNCATE do not.
CLOSED = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit'::regclass LOOP
        EXECUTE format('CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON %s
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', part);
    END LOOP;
END $$;
"""

# `statement` is a JWS that says everything, `position` included. Each names the digest of the one before it.
CHECKPOINTS = """
CREATE TABLE audit_checkpoints (
    number    bigint CONSTRAINT pk_audit_checkpoints PRIMARY KEY,
    position  bigint NOT NULL,
    statement text   NOT NULL
);
CREATE INDEX ix_audit_checkpoints_position ON audit_checkpoints (position);
CREATE TRIGGER audit_checkpoints_are_kept BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoints_are_not_emptied BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What verifies entries and checkpoints, sealed under the master secret: it outlives the secret it was derived from.
CREATE TABLE audit_keys (
    kid    integer CONSTRAINT pk_audit_keys PRIMARY KEY,
    sealed bytea   NOT NULL
);
"""

SEQUENCER = """
CREATE OR REPLACE FUNCTION sequence_log(batch integer, slots integer) RETURNS SETOF events LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
    head  log_head;
    moved bigint;
BEGIN
    SELECT * INTO head FROM log_head FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH taken AS (
        DELETE FROM outbox WHERE seq = ANY (ARRAY(SELECT o.seq FROM outbox o ORDER BY o.seq LIMIT batch)) RETURNING *
    )
    INSERT INTO events
    SELECT head.position + row_number() OVER (ORDER BY t.seq),
           (hashtextextended(t.aggregate_id::text, 0) & (slots - 1)), t.id, t.aggregate_type, t.aggregate_id,
           t.aggregate_version, t.type, t.schema_version, t.data, t.organization_id, t.occurred_at, t.trace, t.revokes
    FROM taken t
    RETURNING *;
    GET DIAGNOSTICS moved = ROW_COUNT;
    head.position := head.position + moved;
    IF moved > 0 THEN
        PERFORM pg_notify('log', head.position::text);
    END IF;

    WITH taken AS (
        DELETE FROM audit_pending WHERE seq = ANY (ARRAY(SELECT p.seq FROM audit_pending p ORDER BY p.seq LIMIT batch))
        RETURNING *
    ), written AS (
        INSERT INTO audit
        SELECT head.audit_position + row_number() OVER (ORDER BY t.seq), t.id, t.action, t.outcome, t.actor, t.target,
               t.organization_id, t.occurred_at, t.leaf, chain_from(head.audit_chain, t.leaf) OVER (ORDER BY t.seq){more}
        FROM taken t
        RETURNING audit.position, audit.chain
    ), ends AS (
        SELECT w.position, w.chain FROM written w ORDER BY w.position DESC LIMIT 1
    )
    UPDATE log_head h
    SET position = head.position, audit_position = coalesce(e.position, h.audit_position),
        audit_chain = coalesce(e.chain, h.audit_chain)
    FROM (SELECT 1) always LEFT JOIN ends e ON true
    WHERE h.position <> head.position OR e.position IS NOT NULL;
END $$;
"""  # noqa: E501 - but for what is added it reads as before, so that a downgrade leaves no trace

SEEDED_TOO = {"owner": "audit:read", "admin": "audit:read", "auditor": "audit:read"}
"""What system roles come with from this release on, by name."""

DROP = """
DROP TABLE audit_keys, audit_checkpoints;
DROP TRIGGER audit_is_kept ON audit;
DROP TRIGGER audit_is_not_emptied ON audit;
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit'::regclass LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS audit_is_not_emptied ON %s', part);
    END LOOP;
END $$;
DROP FUNCTION refuse_change();
DROP INDEX ix_audit_occurred_at, ix_audit_actor, ix_audit_target, ix_audit_action, ix_audit_outcome, ix_audit_person,
    ix_audit_within;
CREATE INDEX ix_audit_organization ON audit (organization_id, position);
ALTER TABLE audit DROP COLUMN form, DROP COLUMN person_id, DROP COLUMN place, DROP COLUMN trace;
ALTER TABLE audit_pending DROP COLUMN form, DROP COLUMN person_id, DROP COLUMN place, DROP COLUMN trace;
"""


def upgrade() -> None:
    execute(COLUMNS)
    execute(SEQUENCER.format(more=", t.form, t.person_id, t.place, t.trace"))
    execute(INDEXES)
    execute(CLOSED)
    execute(CHECKPOINTS)
    for role, permissions in SEEDED_TOO.items():
        extend(role, permissions.split())


def downgrade() -> None:
    for role, permissions in SEEDED_TOO.items():
        retract(role, permissions.split())
    execute(SEQUENCER.format(more=""))
    execute(DROP)
