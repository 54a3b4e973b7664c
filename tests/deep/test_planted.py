"""The comparison with the oracle is worth something only if it finds what is wrong."""

import os
from pathlib import Path

import pytest

from tests.deep.planted import DEFECTS, Defect, plant, survives

pytestmark = [
    pytest.mark.skipif(not os.environ.get("GATEWRIGHT_DEEP"), reason="`make test-deep` plants defects"),
    pytest.mark.timeout(1200),
]
SEEDS = 4


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_found(defect: Defect, tmp_path: Path) -> None:
    assert not survives(plant(defect, tmp_path), SEEDS)


def test_the_sources_as_they_are_pass(tmp_path: Path) -> None:
    as_it_is = DEFECTS[0]._replace(wrong=DEFECTS[0].right)

    assert survives(plant(as_it_is, tmp_path), 1)
