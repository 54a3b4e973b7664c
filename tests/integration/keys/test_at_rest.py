"""What the database knows of keys, and what it can do with them."""

import asyncio
import shutil
import subprocess
from base64 import b64encode
from datetime import timedelta
from functools import partial

import pytest

from core.jobs.registry import Nothing
from core.key_forge import SealingForge
from core.live_ring import NOT_OPENED, LiveRing
from core.operating import operator
from core.postgres.maintenance import CleanUp
from core.postgres.signing_keys import SqlRing
from core.secrets import Secrets
from core.tending import TendingKeys
from domain.kernel.ids import uuid7
from domain.keys.commands.rotate_keys import RotateKeys
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.models import KeyState
from tests.integration.keys.ground import PASS, SECRET, STATES, Process

AFTER = b"hT5vBnX8qL2wEzKj9yRcUgM4pDsF7aQx"
AUDIT = "SELECT action, actor FROM audit_pending ORDER BY seq"


async def secrets_of(process: Process) -> list[str]:
    """Return what signs: the secret members of the keys that have any."""
    _, rows = await process.ring.look()
    opened = [process.keys.safe.open(row.kid, row.sealed) for row in rows]
    return [jwk[name] for jwk in opened for name in ("d", "p", "q", "k") if name in jwk]


async def dumped(url: str) -> str:
    """Return all that the database holds, as `pg_dump` writes it."""
    program = shutil.which("pg_dump")
    if program is None:
        pytest.skip("there is no pg_dump")
    run = partial(subprocess.run, capture_output=True, text=True, check=True, timeout=60)
    return str((await asyncio.to_thread(run, [program, url])).stdout)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "HS256"])
async def test_i10_a_dump_of_the_database_signs_nothing(one: Process, fresh_database_url: str, algorithm: str) -> None:
    here = one.configured(algorithm=algorithm)
    await here.send(TendKeys())
    await one.sql(PASS, timedelta(minutes=6))
    await here.send(RotateKeys())
    secrets = await secrets_of(here)
    dump = await dumped(fresh_database_url)
    assert len(secrets) >= 2
    assert "COPY public.signing_keys" in dump
    for secret in secrets:
        assert not [spelled for spelled in (secret, b64encode(secret.encode()).decode()) if spelled in dump]
        assert secret.encode().hex() not in dump
    assert SECRET.decode() not in dump


async def test_a_restored_dump_is_of_no_use_without_the_secret(one: Process) -> None:
    await one.send(TendKeys())
    thief = one.configured(Secrets(AFTER))
    ring = LiveRing(SqlRing(one.database), thief.keys.safe, thief.keys.policy, tend=_never)
    await ring.look()
    assert ring.condition.trouble == NOT_OPENED
    assert ring.published().keys == []


async def _never() -> None:
    raise AssertionError("there is a key that signs")


async def test_a_new_secret_takes_over_what_the_old_one_sealed(one: Process) -> None:
    await one.send(TendKeys())
    before = await secrets_of(one)
    turning = one.configured(Secrets(AFTER, (SECRET,)))
    job = TendingKeys(
        turning.ring,
        turning.keys.safe,
        turning.keys.policy,
        operator(one.database, turning.keys, SealingForge(turning.keys.safe), "worker"),
    ).job
    await job.handle(job.payload(), uuid7())
    after = one.configured(Secrets(AFTER))
    assert await secrets_of(after) == before
    with pytest.raises(ValueError, match="another key"):
        await secrets_of(one)


async def test_the_job_writes_only_when_something_is_due(one: Process) -> None:
    sends = operator(one.database, one.keys, SealingForge(one.keys.safe), "worker")
    job = TendingKeys(one.ring, one.keys.safe, one.keys.policy, sends).job
    for _ in range(3):
        await job.handle(job.payload(), uuid7())
    await one.sql(PASS, timedelta(days=90))
    for _ in range(3):
        await job.handle(job.payload(), uuid7())
    async with one.database.read() as connection:
        assert [tuple(row) for row in await connection.fetch(AUDIT)] == [("keys.ring.tend", "worker")] * 2


async def test_what_has_expired_is_swept_away(one: Process) -> None:
    await one.send(TendKeys())
    await one.sql(PASS, timedelta(minutes=6))
    await one.send(RotateKeys())
    await one.sql("UPDATE signing_keys SET expires_at = now() - interval '1 second' WHERE state = 'retired'")
    await CleanUp(one.database).run(Nothing(), uuid7())
    async with one.database.read() as connection:
        assert dict(await connection.fetch(STATES)) == {"active": 1, "next": 1}


async def test_times_are_those_of_the_database(one: Process) -> None:
    await one.send(TendKeys())
    now, rows = await one.ring.look()
    assert all(timedelta(0) <= now - row.published_at < timedelta(minutes=1) for row in rows)
    assert {row.state for row in rows} == {KeyState.ACTIVE, KeyState.NEXT}
