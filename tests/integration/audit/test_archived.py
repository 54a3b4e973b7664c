"""Verifying what has left the database for files, and what is left."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from core.archive_files import Manifest, entries
from core.audit.checking import Fault, Wrong
from core.postgres.archive import Archive
from core.postgres.audit_archiving import Archiving
from core.postgres.audit_trail import Verification
from core.postgres.partitions import AUDIT, attached
from core.postgres.retention import Policy, Retention
from tests.integration.audit.ground import Trail, archived
from tests.support.facts import number


@dataclass
class Ground:
    trail: Trail
    folder: Path
    retention: Retention = field(init=False)

    def __post_init__(self) -> None:
        noted = Archiving(self.trail.keys).noted
        self.retention = Retention(self.trail.database, self.folder, (Policy(AUDIT, timedelta(days=12), noted),))

    async def written(self, *, days: int, count: int = 20) -> None:
        """Write entries that are so old, sign them, and end the partition that has them if they are to go."""
        moment = await self.trail.connection.fetchval("SELECT now() - $1::interval", timedelta(days=days))
        await self.trail.write(count, occurred_at=moment)
        await self.trail.sign()
        await self.look()

    async def look(self) -> None:
        await self.retention.look(self.trail.connection)

    async def files(self) -> list[Manifest]:
        return await Archive(AUDIT, self.folder).known(self.trail.connection)

    async def wrong(self, lines: list[str], sha256: str | None = None) -> list[int]:
        """Return where something is wrong with a file of these lines."""
        return [fault.position for fault in await self.faults(lines, sha256)]

    async def faults(self, lines: list[str], sha256: str | None = None) -> list[Fault]:
        looking = Verification(self.trail.connection, self.trail.keys)
        return [fault async for fault in looking.file(lines, sha256)]


@pytest.fixture
def ground(own_trail: Trail, tmp_path: Path) -> Ground:
    return Ground(own_trail, tmp_path)


async def test_archived_partitions_verify_and_are_not_missed(ground: Ground) -> None:
    for _ in range(2):
        await ground.written(days=20)
    await ground.written(days=0, count=3)
    connection = ground.trail.connection
    assert (await attached(connection, AUDIT))[0].first == 41
    assert await ground.trail.faults() == []

    files = await ground.files()
    assert [each.name for each in files] == ["audit-1-20", "audit-21-40"]
    for each in files:
        lines = list(entries(ground.folder, each))
        assert await ground.wrong(lines, each.sha256) == []
        row = json.loads(lines[6])
        forged = [*lines[:6], json.dumps(row | {"actor": "user:1"}), *lines[7:]]
        assert await ground.wrong(forged) == [row["position"]]
        assert await ground.wrong(lines[:6] + lines[7:]) == [row["position"]]
        assert await ground.wrong(lines[:-1]) == [each.last]

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("TRUNCATE audit_p41")
    async with ground.trail.altered():
        await connection.execute("DELETE FROM audit WHERE position = 41")
        assert [fault.position for fault in await ground.trail.faults()] == [41]


async def test_a_partition_that_was_dropped_is_missed_even_after_later_ones_were_archived(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    await ground.written(days=20)
    await ground.written(days=6)
    await ground.trail.connection.execute("DROP TABLE audit_p21")
    await ground.written(days=20)
    await ground.written(days=0, count=3)
    assert [each.name for each in await ground.files()] == ["audit-1-20", "audit-41-60"]
    assert "missing at 21" in caplog.text

    (fault,) = await ground.trail.faults()
    assert (fault.wrong, fault.position, fault.last) == (Wrong.MISSING, 21, 40)
    (fault,) = await ground.trail.faults(first=30, last=35)
    assert (fault.wrong, fault.position, fault.last) == (Wrong.MISSING, 30, 35)
    assert await ground.trail.faults(first=41) == []


async def test_what_somebody_remembers_of_what_was_archived_is_compared(ground: Ground) -> None:
    await ground.written(days=20)
    chains = {row["position"]: row["chain"].hex() for row in await ground.trail.rows()}
    await ground.written(days=0, count=3)
    assert (await attached(ground.trail.connection, AUDIT))[0].first == 21

    assert await ground.trail.faults(anchors={20: chains[20]}) == []
    (fault,) = await ground.trail.faults(anchors={20: "0" * 64})
    assert (fault.wrong, fault.position) == (Wrong.REWRITTEN, 20)
    (fault,) = await ground.trail.faults(anchors={19: chains[19]})
    assert (fault.wrong, fault.position) == (Wrong.CHECKPOINT, 19)
    assert "file" in fault.detail
    lines = list(entries(ground.folder, (await ground.files())[0]))
    looking = Verification(ground.trail.connection, ground.trail.keys, anchors={19: chains[19]})
    assert [fault async for fault in looking.file(lines)] == []


async def test_a_partition_that_is_archived_is_looked_at_and_what_is_wrong_with_it_is_signed(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    connection = ground.trail.connection
    await ground.written(days=20)
    await ground.trail.force("UPDATE audit SET actor = 'user:1' WHERE position = 4")
    await ground.written(days=0, count=3)
    assert "altered at 4" in caplog.text

    (fault,) = await ground.trail.faults()
    assert (fault.wrong, fault.position) == (Wrong.CHECKPOINT, 4)
    assert await ground.trail.faults(first=5) == []
    (manifest,) = await ground.files()
    (fault,) = await ground.faults(list(entries(ground.folder, manifest)), manifest.sha256)
    assert (fault.wrong, fault.position) == (Wrong.ALTERED, 4)

    await Archive(AUDIT, ground.folder).put_back(connection, manifest, timedelta(days=1))
    (fault,) = await ground.trail.faults()
    assert (fault.wrong, fault.position) == (Wrong.ALTERED, 4), "it is looked at itself again"


async def test_entries_that_are_gone_when_a_partition_is_archived_are_told_for_ever(ground: Ground) -> None:
    await ground.written(days=20)
    await ground.trail.force("DELETE FROM audit WHERE position IN (7, 20)")
    await ground.written(days=0, count=3)
    assert [(fault.wrong, fault.position) for fault in await ground.trail.faults()] == [(Wrong.CHECKPOINT, 7)]
    (manifest,) = await ground.files()
    assert await ground.wrong(list(entries(ground.folder, manifest)), manifest.sha256) == [7, 20]


async def test_a_file_that_nobody_archived_is_not_believed(ground: Ground) -> None:
    await ground.written(days=20)
    await ground.written(days=0, count=3)
    (manifest,) = await ground.files()
    lines = list(entries(ground.folder, manifest))
    (fault,) = await ground.faults([])
    assert (fault.wrong, fault.detail) == (Wrong.MISSING, "the file has no entries")
    (fault,) = await ground.faults(lines, "0" * 64)
    assert (fault.wrong, fault.position, fault.last) == (Wrong.REWRITTEN, 1, 20)
    here = [archived(row) for row in await ground.trail.rows()]
    (fault,) = await ground.faults(here)
    assert (fault.wrong, fault.position) == (Wrong.CHECKPOINT, 21)
    (fault,) = await ground.faults(lines + here)
    assert (fault.wrong, fault.position, fault.last) == (Wrong.OUT_OF_PLACE, 21, 23)


AGAIN = """
INSERT INTO audit_pending (id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place,
                           trace, leaf)
SELECT id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place, trace, leaf
FROM jsonb_populate_record(NULL::audit, $1::text::jsonb)
"""


async def test_a_copy_of_what_was_archived_is_found_with_the_file(ground: Ground) -> None:
    await ground.written(days=20)
    await ground.written(days=0, count=3)
    (manifest,) = await ground.files()
    lines = list(entries(ground.folder, manifest))
    await ground.trail.connection.execute(AGAIN, lines[6])
    await number(ground.trail.connection)
    (fault,) = await ground.faults(lines)
    assert (fault.wrong, fault.position, fault.detail) == (Wrong.OUT_OF_PLACE, 24, "it is a copy of 7")


async def test_a_copy_is_remembered_when_what_it_was_copied_from_is_archived(ground: Ground) -> None:
    await ground.written(days=20)
    row = archived((await ground.trail.rows())[6])
    await ground.trail.connection.execute(AGAIN, row)
    await number(ground.trail.connection)
    await ground.written(days=0, count=3)
    assert (await attached(ground.trail.connection, AUDIT))[0].first == 21
    (fault,) = await ground.trail.faults()
    assert (fault.wrong, fault.position) == (Wrong.CHECKPOINT, 21)
