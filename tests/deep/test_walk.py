"""A million decisions and more, while questions overlap with changes."""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from tests.deep.walk import walk

pytestmark = [
    pytest.mark.skipif(not os.environ.get("GATEWRIGHT_DEEP"), reason="`make test-deep` walks that far"),
    pytest.mark.timeout(1800),
]


def test_a7_a_million_decisions_are_what_the_rows_say(record_property: Callable[[str, object], None]) -> None:
    compared: Counter[str] = Counter()
    for seed in range(100, 107):
        compared += walk(seed)

    record_property("compared", dict(compared))
    assert compared.total() - compared["unavailable"] >= 1_000_000
    assert compared["meanwhile"] >= 1_000
