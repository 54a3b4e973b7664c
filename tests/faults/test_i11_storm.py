"""More sign-ins than the cores can hash: memory stays bounded, and everybody is told something."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.test_stalls import Record, people
from tests.support.service import LONG, PASSWORD, Stack, deployed
from tests.support.storm import ask, family, memory, rage

pytestmark = pytest.mark.faults

HASH = 19
"""MiB that a hash takes."""
ROOM = 150
"""MiB that 500 connections and what they ask for may take."""


async def test_i11_e3_five_hundred_sign_ins_at_once_take_bounded_memory(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path) as service:
        token, *_ = await people(service, 4)
        async with service.sql() as connection:
            emails = [row["email"] for row in await connection.fetch("SELECT email FROM users")]
        port, processes = service.port.number, family(service.api.pid)
        base, seconds = memory(processes), 60 if LONG else 8
        raging = asyncio.create_task(rage(port, emails, PASSWORD, 500, seconds))
        calm = await ask(port, token, seconds, processes)
        storm = await raging
        record_property("statuses", str(storm.statuses))
        record_property("MiB", f"{base:.0f}, then at most {calm.most:.0f}")
        record_property("others", str(Counter(answer.status for answer in calm.answers)))
        record_property("p99 of /auth/me in ms", round(calm.p99))
        assert calm.most <= base + (os.cpu_count() or 1) * HASH + ROOM
        assert storm.statuses.keys() <= {"200", "429", "503"}
        assert storm.statuses["200"] > 0
        assert storm.statuses["503"] > 0
        assert storm.silent == storm.broken == 0
        # A process that gets no CPU for two seconds hears of no revocation, and says so rather than guess.
        assert {(answer.status, answer.code) for answer in calm.answers} <= {(200, ""), (503, "service.unavailable")}
        # And afterwards it is as before.
        await service.sign_in(emails[0])
