"""What Argon2id costs, and what it must cost at least (OWASP Password Storage Cheat Sheet)."""

from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

from argon2 import PasswordHasher


class Costs(NamedTuple):
    """Parameters of Argon2id (RFC 9106, section 3.1)."""

    memory: int
    """KiB."""
    passes: int
    lanes: int


OWASP: Final = (Costs(47_104, 1, 1), Costs(19_456, 2, 1), Costs(12_288, 3, 1), Costs(9_216, 4, 1), Costs(7_168, 5, 1))
"""As good as each other: memory is traded for time."""
LANE: Final = 8
"""KiB that each lane needs (RFC 9106, section 3.1)."""
SAMPLES: Final = 5


def feeble(memory: int, passes: int, lanes: int, *, strict: bool) -> str | None:
    """Return why these parameters may not be used, None if they may; what is not `strict` must work only."""
    if memory < LANE * lanes:
        return f"each lane needs {LANE} KiB"
    if strict and not any(memory >= least.memory and passes >= least.passes for least in OWASP):
        table = ", ".join(f"{least.memory} KiB and {least.passes}" for least in OWASP)
        return f"weaker than what OWASP asks for: at least {table} passes"
    return None


def measured(costs: Costs) -> float:
    """Return the seconds that a hash takes on this machine, at the median; blocks for some of them."""
    hasher = PasswordHasher(costs.passes, costs.memory, costs.lanes)
    took = []
    for _ in range(SAMPLES):
        started = perf_counter()
        hasher.hash("as long as a passphrase often is")
        took.append(perf_counter() - started)
    return median(took)


def calibrated(costs: Costs) -> tuple[bool, str]:
    """Return whether `costs` are safe, and a text: what they cost here, and which of the table is cheapest here."""
    mine = measured(costs)
    told = f"{_spelled(costs)}: {mine * 1000:.0f} ms, {1 / mine:.0f}/s per core"
    if reason := feeble(*costs, strict=True):
        return False, f"{told}; {reason}"
    times = {each: mine if each == costs else measured(each) for each in OWASP}
    best = min(OWASP, key=lambda each: times[each])
    saved = 1 - times[best] / mine
    worth = 0.1
    if saved < worth:
        return True, f"{told}; none of OWASP's is noticeably cheaper here"
    return True, f"{told}; of OWASP's {_spelled(best)} is cheapest here: {times[best] * 1000:.0f} ms"


def _spelled(costs: Costs) -> str:
    return f"m={costs.memory},t={costs.passes},p={costs.lanes}"
