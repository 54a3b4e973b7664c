"""The engine and the oracle never disagree: `make test-deep` compares more than a million decisions."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.access.machine import Beside, compared

DEEP = bool(os.environ.get("GATEWRIGHT_DEEP"))
EXAMPLES, STEPS, LEAST = (60, 30, 200_000) if DEEP else (20, 15, 40_000)


@pytest.mark.timeout(1200 if DEEP else 240)
def test_a7_every_decision_is_what_the_rows_say(record_property: Callable[[str, object], None]) -> None:
    compared.clear()
    run_state_machine_as_test(
        Beside,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    record_property("compared", dict(compared))
    assert sum(compared.values()) - compared["unavailable"] >= LEAST
    assert all(compared[each] for each in ("allowed", "denied", "hidden", "absent", "seen", "meanwhile"))
