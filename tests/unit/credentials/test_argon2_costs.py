"""What Argon2id costs."""

import pytest

from core.argon2_costs import OWASP, Costs, calibrated, feeble, measured


@pytest.mark.parametrize("costs", OWASP)
def test_f15_what_owasp_asks_for_is_enough(costs: Costs) -> None:
    assert feeble(*costs, strict=True) is None
    assert feeble(costs.memory * 2, costs.passes + 1, 4, strict=True) is None


@pytest.mark.parametrize("costs", OWASP)
def test_f15_less_than_that_is_not(costs: Costs) -> None:
    assert feeble(costs.memory - 1, costs.passes, 1, strict=True)
    assert feeble(7_167, 10, 1, strict=True)
    assert feeble(costs.memory - 1, costs.passes, 1, strict=False) is None


def test_each_lane_needs_memory() -> None:
    assert feeble(31, 1, 4, strict=False)
    assert feeble(32, 1, 4, strict=False) is None


def test_measures_what_a_hash_takes() -> None:
    assert 0 < measured(Costs(64, 1, 1)) < measured(Costs(65_536, 2, 1))


def test_tells_what_parameters_cost_here_and_whether_they_are_safe() -> None:
    safe, text = calibrated(Costs(19_456, 2, 1))
    assert safe
    assert text.startswith("m=19456,t=2,p=1: ")
    assert "/s per core; " in text

    safe, text = calibrated(Costs(64, 1, 1))
    assert not safe
    assert "weaker than what OWASP asks for" in text
