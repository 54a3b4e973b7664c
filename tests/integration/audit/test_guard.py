"""What would keep entries from being written, or let them be changed, is found while it is there."""

import pytest

from core.audit.checking import Wrong
from core.jobs.registry import Job, Nothing
from core.postgres.audit_checkpoints import Checkpoints
from domain.kernel.ids import uuid7
from tests.integration.audit.ground import Trail

SWALLOWS = """
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER swallows BEFORE INSERT ON audit_pending FOR EACH ROW EXECUTE FUNCTION swallow();
"""
NUMBERS_OTHERWISE = """
CREATE OR REPLACE FUNCTION sequence_log(batch integer, slots integer) RETURNS SETOF events LANGUAGE plpgsql
AS $$ BEGIN DELETE FROM audit_pending; END $$
"""
REFUSES_NOTHING = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$
"""
REFUSES_LESS = """
CREATE OR REPLACE TRIGGER audit_checkpoints_are_kept BEFORE UPDATE ON audit_checkpoints
FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (SWALLOWS, "swallows of audit_pending"),
        (NUMBERS_OTHERWISE, "sequence_log"),
        (REFUSES_NOTHING, "refuse_change"),
        ("CREATE RULE swallows AS ON INSERT TO audit_pending DO INSTEAD NOTHING", "audit_pending"),
        ("ALTER TABLE audit_pending ENABLE ROW LEVEL SECURITY", "audit_pending"),
        ("ALTER TABLE audit_0 DISABLE TRIGGER audit_is_kept", "audit_is_kept of audit_0"),
        ("DROP TRIGGER audit_is_not_emptied ON audit_1", "audit_1 has no trigger audit_is_not_emptied"),
        ("DROP TRIGGER audit_checkpoints_are_kept ON audit_checkpoints", "audit_checkpoints_are_kept"),
        ("DROP FUNCTION sequence_log(integer, integer)", "sequence_log"),
        (REFUSES_LESS, "audit_checkpoints_are_kept of audit_checkpoints"),
    ],
)
async def test_what_writes_and_keeps_the_trail_is_looked_at(trail: Trail, statement: str, named: str) -> None:
    async with trail.altered():
        await trail.connection.execute(statement)
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.position) == (Wrong.GUARD, 0)
        assert named in fault.detail


async def test_workers_tell_it_when_nothing_is_written_any_more(
    own_trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    job: Job[Nothing] = Checkpoints(own_trail.database, own_trail.keys).job
    await job.handle(Nothing(), uuid7())
    assert not [each for each in caplog.records if each.name.startswith("core.")]
    await own_trail.connection.execute(SWALLOWS)
    await job.handle(Nothing(), uuid7())
    assert "swallows of audit_pending" in caplog.text
