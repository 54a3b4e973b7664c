"""Verifying on the command line, after the master secret changed; and what makes it possible."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.audit.checking import Wrong
from core.audit.keys import AuditKeys
from core.secrets import Secrets
from tests.integration.audit.ground import SECRETS, Trail, archived
from tests.support.command_line import command_line

NEXT = b"another master secret of the tests of the audit trail"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET outcome = 'done'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "TRUNCATE audit_0",
        "UPDATE audit_0 SET outcome = 'done'",
        "UPDATE audit_checkpoints SET position = 1",
        "DELETE FROM audit_checkpoints",
        "TRUNCATE audit_checkpoints",
    ],
)
async def test_the_database_refuses_to_change_it(own_trail: Trail, statement: str) -> None:
    await own_trail.write(3)
    await own_trail.sign()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await own_trail.connection.execute(statement)


async def test_checkpoints_are_made_each_so_many_entries_and_at_the_end(own_trail: Trail) -> None:
    await own_trail.write(45)
    assert [said.position for said in await own_trail.sign(20)] == [20, 40, 45]
    assert await own_trail.sign(20) == []
    await own_trail.write(5)
    assert [(said.number, said.position) for said in await own_trail.sign(20)] == [(4, 50)]
    assert await own_trail.faults() == []


async def test_what_was_wrong_before_a_checkpoint_stands_in_it(
    own_trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    await own_trail.write(10)
    async with own_trail.altered():
        await own_trail.connection.execute("UPDATE audit SET actor = 'user:1' WHERE position = 4")
        (said,) = await own_trail.sign()
    assert said.faulty == 4
    assert "altered at 4" in caplog.text


async def test_a_stretch_is_verified_by_itself(trail: Trail) -> None:
    async with trail.altered():
        await trail.connection.execute("UPDATE audit SET actor = 'user:1' WHERE position = ANY ('{10, 30, 50}')")
        assert [fault.position for fault in await trail.faults(first=11, last=49)] == [30]
        assert [fault.position for fault in await trail.faults(first=30, last=30)] == [30]
        assert [fault.position for fault in await trail.faults(first=31)] == [50]


async def test_what_somebody_remembers_elsewhere_is_compared(trail: Trail) -> None:
    chain = (await trail.rows())[29]["chain"].hex()
    assert await trail.faults(anchors={30: chain}) == []
    (fault,) = await trail.faults(anchors={30: "0" * 64})
    assert (fault.wrong, fault.position, fault.last) == (Wrong.REWRITTEN, 21, 30)


async def test_entries_verify_after_the_master_secret_changed_and_after_the_one_before_is_gone(
    own_trail: Trail,
) -> None:
    await own_trail.write(5)
    await own_trail.sign()
    both = Trail(own_trail.database, own_trail.connection, AuditKeys.of(Secrets(NEXT, (SECRETS.current,))))
    await both.write(5)
    assert await both.faults() == []
    await both.sign()

    alone = AuditKeys.of(Secrets(NEXT))
    assert await own_trail.faults(keys=alone) == []
    async with own_trail.altered():
        await own_trail.connection.execute("DELETE FROM audit_keys")
        assert {fault.position for fault in await own_trail.faults(keys=alone)} == {1, 2, 3, 4, 5}


async def test_keys_that_were_put_there_by_others_are_refused(own_trail: Trail) -> None:
    await own_trail.connection.execute("INSERT INTO audit_keys VALUES (1, $1)", bytes(100))
    with pytest.raises(ValueError, match="not sealed by us"):
        await own_trail.faults()


async def test_a_partition_that_was_dropped_and_not_archived_is_missed(own_trail: Trail) -> None:
    await own_trail.write(20)
    await own_trail.connection.execute("UPDATE log_head SET audit_position = 10000000")
    async with own_trail.altered():
        await own_trail.connection.execute("DROP TABLE audit_0")
        (fault,) = await own_trail.faults()
        assert (fault.wrong, fault.position, fault.last) == (Wrong.MISSING, 1, 10_000_000)


async def test_memory_does_not_grow_with_the_trail(own_trail: Trail) -> None:
    peaks = []
    for times in (2, 10):
        for _ in range(times):
            await own_trail.write(3_000)
        await own_trail.faults()
        tracemalloc.start()
        assert await own_trail.faults() == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 3, "six times as many entries"


async def test_the_command_line_tells_what_is_wrong(own_trail: Trail, tmp_path: Path) -> None:
    run = command_line(tmp_path)
    await own_trail.write(10)
    await own_trail.sign()
    settings: dict[str, Any] = {"DATABASE_URL": own_trail.database.url, "SECRET": SECRETS.current.decode()}
    well = run("audit", "verify", **settings)
    assert (well.returncode, well.stdout) == (0, "10 entries up to 10, 1 checkpoints: nothing is wrong.\n"), well
    row = (await own_trail.rows())[2]
    await own_trail.force("UPDATE audit SET actor = 'user:1' WHERE position = 3")

    ill = run("audit", "verify", "--json", **settings)
    assert ill.returncode == 1
    fault, total = map(json.loads, ill.stdout.splitlines())
    assert (fault["position"], fault["wrong"]) == (3, "altered")
    assert total == {"entries": 10, "checkpoints": 1, "reached": 10, "faults": 1}
    assert run("audit", "verify", "--from", "4", **settings).returncode == 0

    plain, packed = tmp_path / "entries.ndjson", tmp_path / "entries.ndjson.gz"
    plain.write_text(archived(row | {"actor": "user:2"}) + "\n")
    packed.write_bytes(gzip.compress((archived(row) + "\n").encode()))
    nowhere = "3  checkpoint: no checkpoint says that this was archived"
    told = run("audit", "verify", "--file", str(plain), **settings).stdout.splitlines()
    assert [told[0], told[1].partition(":")[0]] == [nowhere, "3  altered"]
    assert run("audit", "verify", "--file", str(packed), **settings).stdout.splitlines()[:-1] == [nowhere]
    for text in ("{}", "[]", '{"position": "x"}'):
        plain.write_text(f"{text}\n")
        assert "cannot be read" in run("audit", "verify", "--file", str(plain), **settings).stderr
    spoilt = bytearray(packed.read_bytes())
    spoilt[12:40] = bytes(28)
    packed.write_bytes(spoilt)
    assert "cannot be read" in run("audit", "verify", "--file", str(packed), **settings).stderr
    assert "POSITION:CHAIN" in run("audit", "verify", "--anchor", "1:2", **settings).stderr
