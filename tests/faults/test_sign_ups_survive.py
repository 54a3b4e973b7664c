"""Whatever is killed: who was told that they have an account has one, and nobody else."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.soak import VICTIMS, soak
from tests.support.service import LONG, Stack, deployed

# The verdict alone may wait for four minutes.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200 if LONG else 600)]


async def test_e4_f16_every_acknowledged_sign_up_survives_and_no_other(
    stack: Stack, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    total, rate, blows = (5000, 15.0, 50) if LONG else (120, 6.0, len(VICTIMS))
    async with deployed(stack, tmp_path, brokered=True) as service:
        signing, killer, found = await soak(
            service, tmp_path / "history.jsonl", total, rate, blows, (2.0, 12.0) if LONG else (1.0, 3.0)
        )
    record_property("settled", str(Counter(f"{each.kind} {each.status}" for each in signing.settled)))
    record_property("interruptions", str(signing.downs))
    record_property("killed", str(killer.killed))
    record_property("events", f"{found.events} in {found.deliveries} deliveries")
    assert (signing.wrong, signing.unsettled, found.violations) == ([], [], [])
    assert found.users >= total * 3 // 4
