"""Walk through the comparison with the oracle, as far as it goes: `python -m tests.deep.walk <seed>`."""

import sys
from collections import Counter
from random import Random
from typing import Any, Final

from core.access.engine import NOW
from tests.support.access.changing import CHANGES
from tests.support.access.machine import ROOMS, Beside, compared

WALKS, STEPS = 12, 40
HUGE: Final = 2**32 - 1
TAKEN: Final = (*("change", "change", "unseen", "much", "begin", "end", "wait"), *("overlap",) * 7)
OVERLAPPING: Final = ("ask", "ask", "go", "go", "go", "finish", "overtake")


def step(beside: Any, random: Random) -> None:
    """Do one thing; what overlaps is likelier than in Hypothesis' choice, and nothing shrinks."""
    seed = random.randint(0, HUGE)
    match random.choice(TAKEN):
        case "change":
            beside.change(seed, random.choice(CHANGES))
        case "unseen":
            beside.change_unseen(seed, random.choice(CHANGES))
        case "much":
            beside.change_much(seed, random.choices(CHANGES, k=3))
        case "begin":
            beside.begin_transaction()
        case "end" if beside.pending:
            beside.end_transaction(seed, random.choice([None, *CHANGES]))
        case "wait":
            beside.wait(seed, random.choice([0.3, 1.5, 7.0]))
        case "overlap":
            overlap(beside, random, seed)


def overlap(beside: Any, random: Random, seed: int) -> None:
    """Ask something that is not answered at once, or go on with what is not answered yet."""
    match random.choice(OVERLAPPING):
        case "ask":
            seeds = [random.randint(0, HUGE) for _ in range(3)]
            beside.ask_meanwhile(seeds, random.randrange(2), random.choice([NOW, None]))
        case "go" if beside.source.held:
            beside.let_one_go_on(seed)
        case "finish":
            beside.finish()
        case "overtake":
            beside.overtake(seed, random.randrange(2))


def walk(seed: int) -> Counter[str]:
    """Make some worlds and change them; return how many decisions were compared, by what was expected."""
    random = Random(seed)
    compared.clear()
    for _ in range(WALKS):
        beside: Any = Beside()
        beside.begin(random.randint(0, HUGE), random.choice(ROOMS))
        for _ in range(STEPS):
            step(beside, random)
        beside.finish()
        beside.loop.close()
    return Counter(compared)


if __name__ == "__main__":
    walk(int(sys.argv[1]))
