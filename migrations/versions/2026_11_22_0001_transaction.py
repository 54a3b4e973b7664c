"""The transaction: what one command writes, and what the sequencer makes of it.

Revision ID: 0001
Revises:

Plain SQL for Postgres 15 and newer, without extensions, so that it runs on the embedded server too.
"""

from core.postgres.migrating import execute

revision = "0001"
down_revision = None

TABLES = r"""
-- Facts committed and not yet numbered. Small: the sequencer empties it within milliseconds.
-- `seq` is insertion order only, never a cursor. Keep CACHE 1: a per-session cache would break order per aggregate.
CREATE TABLE outbox (
    seq               bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) CONSTRAINT pk_outbox PRIMARY KEY,
    id                uuid        NOT NULL,
    aggregate_type    text        NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL,
    type              text        NOT NULL,
    schema_version    smallint    NOT NULL,
    data              jsonb       NOT NULL,
    organization_id   uuid,
    occurred_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    trace             text,
    revokes           jsonb
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ix_outbox_revokes ON outbox (seq) WHERE revokes IS NOT NULL;

CREATE TABLE audit_pending (
    seq             bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) CONSTRAINT pk_audit_pending PRIMARY KEY,
    id              uuid        NOT NULL,
    action          text        NOT NULL,
    outcome         text        NOT NULL,
    actor           text        NOT NULL,
    target          text,
    organization_id uuid,
    occurred_at     timestamptz NOT NULL,
    leaf            bytea       NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Live markers: what a verifier that starts now must know. The stream of changes is `events.revokes`.
CREATE TABLE revocations (
    scope      text        NOT NULL,
    id         text        NOT NULL,
    cutoff     timestamptz,
    epoch      bigint,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_revocations PRIMARY KEY (scope, id),
    CONSTRAINT ck_revocations_says_what CHECK (cutoff IS NOT NULL OR epoch IS NOT NULL)
);
CREATE INDEX ix_revocations_expires_at ON revocations (expires_at);

-- The record of access changes: written by statement triggers, so that no repair by hand can bypass a cache.
-- `transaction` tells a cache that knows a snapshot whether it has seen the change.
CREATE TABLE access_changes (
    seq         bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) CONSTRAINT pk_access_changes PRIMARY KEY,
    transaction xid8        NOT NULL DEFAULT pg_current_xact_id(),
    scope       text        NOT NULL,
    id          uuid        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_access_changes_changed_at ON access_changes (changed_at);

-- The claim is inserted first in the transaction, so a twin waits on the unique index and then replays the answer.
CREATE TABLE idempotency_keys (
    actor      text        NOT NULL,
    key        text        NOT NULL,
    request    bytea       NOT NULL,
    answer     bytea,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (actor, key)
);
CREATE INDEX ix_idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- Work to be done after the commit, at least once: mails, for example. Deleted when done.
CREATE TABLE jobs (
    id           uuid        CONSTRAINT pk_jobs PRIMARY KEY,
    name         text        NOT NULL,
    payload      jsonb       NOT NULL,
    run_at       timestamptz NOT NULL DEFAULT now(),
    attempts     integer     NOT NULL DEFAULT 0,
    last_error   text,
    parked_at    timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_jobs_run_at ON jobs (run_at) WHERE parked_at IS NULL;

CREATE TABLE log_head (
    one            boolean CONSTRAINT pk_log_head PRIMARY KEY DEFAULT true CONSTRAINT ck_log_head_one CHECK (one),
    position       bigint NOT NULL,
    audit_position bigint NOT NULL,
    audit_chain    bytea  NOT NULL,
    log_id         uuid   NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);
INSERT INTO log_head (position, audit_position, audit_chain) VALUES (0, 0, sha256('gatewright audit 1'));

-- The log: dense positions 1, 2, 3 ... in an order that every reader sees. Partitioned by position, which time
-- follows: cursor reads touch one partition, retention drops whole ones.
CREATE TABLE events (
    position          bigint      NOT NULL,
    slot              smallint    NOT NULL,
    id                uuid        NOT NULL,
    aggregate_type    text        NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL,
    type              text        NOT NULL,
    schema_version    smallint    NOT NULL,
    data              jsonb       NOT NULL,
    organization_id   uuid,
    occurred_at       timestamptz NOT NULL,
    trace             text,
    revokes           jsonb,
    CONSTRAINT pk_events PRIMARY KEY (position)
) PARTITION BY RANGE (position);
CREATE TABLE events_0 PARTITION OF events FOR VALUES FROM (1) TO (10000001);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (10000001) TO (20000001);
CREATE INDEX ix_events_aggregate ON events (aggregate_id, aggregate_version);
CREATE INDEX ix_events_organization ON events (organization_id, position);
CREATE INDEX ix_events_revokes ON events (position) WHERE revokes IS NOT NULL;

CREATE TABLE audit (
    position        bigint      NOT NULL,
    id              uuid        NOT NULL,
    action          text        NOT NULL,
    outcome         text        NOT NULL,
    actor           text        NOT NULL,
    target          text,
    organization_id uuid,
    occurred_at     timestamptz NOT NULL,
    leaf            bytea       NOT NULL,
    chain           bytea       NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (position)
) PARTITION BY RANGE (position);
CREATE TABLE audit_0 PARTITION OF audit FOR VALUES FROM (1) TO (10000001);
CREATE TABLE audit_1 PARTITION OF audit FOR VALUES FROM (10000001) TO (20000001);
CREATE INDEX ix_audit_organization ON audit (organization_id, position);

-- How far each sink has confirmed, per slot. The update is conditional: a relay that lost its slot cannot move it back.
CREATE TABLE delivery_cursors (
    sink     text     NOT NULL,
    slot     smallint NOT NULL,
    position bigint   NOT NULL DEFAULT 0,
    CONSTRAINT pk_delivery_cursors PRIMARY KEY (sink, slot)
) WITH (fillfactor = 50);

CREATE TABLE parked_events (
    sink      text        NOT NULL,
    position  bigint      NOT NULL,
    reason    text        NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_parked_events PRIMARY KEY (sink, position)
);

-- As a window aggregate it costs one hash per row: chain_from(chain so far, leaf) OVER (ORDER BY ...).
CREATE FUNCTION chain_link(state bytea, start bytea, leaf bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(coalesce(state, start) || leaf);
CREATE AGGREGATE chain_from(start bytea, leaf bytea) (sfunc = chain_link, stype = bytea);

-- Number what has been committed. Any process may call it at any time; whoever comes second returns at once.
-- Correct because (1) `log_head` stays locked until commit, so numbered batches become visible in order, and (2) each
-- statement of a READ COMMITTED function has its own snapshot, taken after the lock: what was visible stays visible.
-- Plans are cached while the queue is empty, so the index must be forced, or a backlog is read over and over; and the
-- cost that a forbidden scan carries wakes the JIT, 150 ms a call: off.
CREATE FUNCTION sequence_log(batch integer, slots integer) RETURNS SETOF events LANGUAGE plpgsql
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
               t.organization_id, t.occurred_at, t.leaf, chain_from(head.audit_chain, t.leaf) OVER (ORDER BY t.seq)
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
"""

DROP = """
DROP FUNCTION sequence_log(integer, integer);
DROP AGGREGATE chain_from(bytea, bytea);
DROP FUNCTION chain_link(bytea, bytea, bytea);
DROP TABLE parked_events, delivery_cursors, audit, events, log_head, jobs, idempotency_keys, access_changes,
    revocations, audit_pending, outbox;
"""


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    execute(DROP)
