"""What remembering takes: a process that is asked about more than it has room for."""

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.access.world import PER_PERSON, World
from benchmarks.ground import ROOT, Ground, surroundings
from benchmarks.table import Row
from core.settings import Settings

MEBIBYTE: Final = 2**20
BATCH: Final = 1_000
SIZE: Final = Settings.model_fields["access_parts"].default
HALF: Final = SIZE // 5
"""With each twenty resources come their person and as many grants."""
FULL: Final = 2 * SIZE
ENOUGH: Final = 6 * SIZE


@dataclass(frozen=True, slots=True)
class Order:
    """Where to ask, and about what: the people of the resources are needed, their ids are not."""

    url: str
    world: World


def run(ground: Ground, world: World) -> list[Row]:
    """Fill a process, and say what it weighs."""
    assert ground.settings.database_url
    known = replace(world, people=world.people[: ENOUGH // PER_PERSON + BATCH], things=[])
    order = Order(ground.settings.database_url.get_secret_value(), known)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.access.filling"],
        input=pickle.dumps(order),
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env=surroundings({}),
    )
    empty, first, full, last = json.loads(done.stdout)
    each = (first["rss"] - empty["rss"]) / first["parts"]
    grown, bound = ((filled["rss"] - empty["rss"]) / MEBIBYTE for filled in (last, full))
    return [
        Row(
            "access",
            f"memory (RSS) of a part, with its share of grants and compiled rules, of {first['parts']:,}",
            f"{each:,.0f} bytes",
        ),
        Row(
            "access",
            f"memory at the bound of {SIZE:,} in two generations, asked about {last['asked']:,} resources",
            f"{grown:.0f} MiB",
            f"about {full['asked']:,}: {bound:.0f} MiB",
            goal="≤ 1.2 times that",
            reached=grown <= 1.2 * bound,
        ),
    ]
