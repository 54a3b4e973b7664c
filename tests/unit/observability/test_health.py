"""What is said of revocations at `/health/ready`."""

import math

import pytest

from core.health import Dependency, Health, Probe, State, heard
from gatewright_verifier.revocations import Revocations, WireMarker


async def report(revocations: Revocations) -> tuple[bool, State, Dependency]:
    """Return whether a process is ready that knows these, how it is, and what it says of them."""
    health = Health({"revocations": Probe(heard(revocations), True, "lost")}, lambda *_: None)
    found = await health.report()
    return found.ready, found.status, found.dependencies["revocations"]


async def test_a_process_that_hears_is_ready() -> None:
    assert await report(Revocations(fresh_until=math.inf)) == (True, State.OK, Dependency(State.OK, True))


async def test_one_that_has_heard_nothing_for_too_long_is_not() -> None:
    ready, status, found = await report(Revocations())
    assert (ready, status, found.state) == (False, State.DOWN, State.DOWN)


@pytest.mark.parametrize(("until", "ready"), [(math.inf, True), (0.0, False)])
async def test_lost_markers_take_nobody_out_of_the_balancer_since_all_have_lost_the_same(
    until: float, *, ready: bool
) -> None:
    known = Revocations(size=10, fresh_until=until)
    known.learn([WireMarker("session", str(number), cutoff=2.0**33) for number in range(31)])
    assert not known.is_current
    found = await report(known)
    assert found[0] is ready
    assert found[2].state is (State.DEGRADED if ready else State.DOWN)
    assert ("more were revoked" in str(found[2].detail)) is ready
