"""Stock pycasbin, as far as it gets."""

from statistics import median
from time import perf_counter
from typing import Any, Final

import casbin

from benchmarks.access.world import PER_PERSON, World
from benchmarks.table import Row

PATIENCE: Final = 30.0
"""Seconds in which a check is begun, in each world."""
CHECKS: Final = 5
MODEL: Final = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
"""


class Rules(casbin.persist.Adapter):  # type: ignore[misc]
    """The grants of a world. One by one they would be compared with all before them."""

    def __init__(self, world: World) -> None:
        self.rules = [[str(world.people[n // PER_PERSON]), str(each), "read"] for n, each in enumerate(world.things)]

    def load_policy(self, model: Any) -> None:
        model["p"]["p"].policy = self.rules


def run(world: World) -> list[Row]:
    """Give it the same grants as rules, and ask for the last of them."""
    deadline, rules = perf_counter() + PATIENCE, Rules(world)
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL), rules)
    times = list[float]()
    while not times or (len(times) < CHECKS and perf_counter() + times[-1] < deadline):
        began = perf_counter()
        assert enforcer.enforce(*rules.rules[-1])
        times.append(perf_counter() - began)
    figure = f"{median(times) * 1e3:,.1f} ms a check"
    return [Row("access", f"stock pycasbin, {len(world.things):,} rules", figure)]
