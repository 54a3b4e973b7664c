"""Whoever finds a master secret that was replaced can write nothing into the trail that is believed."""

from datetime import UTC, datetime, timedelta

import pytest

from core.audit.checking import Fault, Wrong
from core.audit.checkpoints import ARCHIVED, REACHED, Checkpoint
from core.audit.keys import AuditKeys
from core.postgres.audit_checkpoints import Checkpoints, add
from core.secrets import Secrets
from tests.integration.audit.ground import SECRETS, Trail

NEXT = b"another master secret of the tests of the audit trail"
AFTER = b"a third master secret of the tests of the audit trail"
BOTH = AuditKeys.of(Secrets(NEXT, (SECRETS.current,)))
AT_ONCE = timedelta(0)


async def signed(trail: Trail, keys: AuditKeys, overlap: timedelta = AT_ONCE) -> None:
    """Do what a worker does, twice: when it first meets another key, and so long after."""
    for _ in range(2):
        await Checkpoints(trail.database, keys, overlap=overlap).make(trail.connection)


async def forged(trail: Trail, reason: str = REACHED) -> None:
    """Sign the end with the key that was replaced."""
    end = (await trail.rows())[-1]
    said = Checkpoint(0, reason, end["id"], end["position"], end["chain"].hex(), None, None, datetime.now(UTC), 1, "")
    async with trail.connection.transaction():
        await add(trail.connection, trail.keys, said)


def places(faults: list[Fault]) -> list[tuple[Wrong, int]]:
    return [(fault.wrong, fault.position) for fault in faults]


async def test_a_key_vouches_for_nothing_that_came_after_it_was_replaced(own_trail: Trail) -> None:
    await own_trail.write(5)
    await own_trail.sign()
    await signed(own_trail, BOTH)
    assert await own_trail.faults(keys=BOTH) == []

    await own_trail.write(2)
    await forged(own_trail)
    expected = [(Wrong.CHECKPOINT, 7), (Wrong.ALTERED, 6), (Wrong.ALTERED, 7)]
    assert places(await own_trail.faults(keys=BOTH)) == expected
    assert places(await own_trail.faults(keys=AuditKeys.of(Secrets(NEXT)))) == expected


async def test_a_key_that_was_replaced_archives_nothing(own_trail: Trail) -> None:
    await own_trail.write(5)
    await own_trail.sign()
    await signed(own_trail, BOTH)
    await forged(own_trail, ARCHIVED)
    await own_trail.force("DELETE FROM audit WHERE position <= 5")
    assert places(await own_trail.faults(keys=BOTH)) == [(Wrong.CHECKPOINT, 5), (Wrong.MISSING, 1)]


async def test_processes_may_be_restarted_one_after_the_other(own_trail: Trail) -> None:
    await own_trail.write(5)
    await signed(own_trail, BOTH, timedelta(days=1))
    await own_trail.write(2)
    await forged(own_trail)
    assert await own_trail.faults(keys=BOTH) == []


async def test_an_end_outlives_the_next_change_of_the_secret(own_trail: Trail) -> None:
    await own_trail.write(5)
    await signed(own_trail, BOTH)
    third = AuditKeys.of(Secrets(AFTER, (NEXT,)))
    await signed(own_trail, third)
    await own_trail.write(1)
    assert places(await own_trail.faults(keys=third)) == [(Wrong.ALTERED, 6)]


async def test_a_secret_that_comes_back_vouches_again(own_trail: Trail) -> None:
    await own_trail.write(5)
    await signed(own_trail, BOTH)
    back = AuditKeys.of(Secrets(SECRETS.current, (NEXT,)))
    await own_trail.write(2)
    await signed(own_trail, back)
    assert await own_trail.faults(keys=back) == []


async def test_workers_say_when_a_key_was_retired(own_trail: Trail, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await own_trail.write(5)
    await signed(own_trail, BOTH)
    await signed(own_trail, BOTH)
    said = [line for line in caplog.messages if "vouches for nothing past 5" in line]
    assert len(said) == 1
