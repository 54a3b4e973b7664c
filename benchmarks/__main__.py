"""Measure: `python -m benchmarks [name ...]`; without names all of it, which takes about ten minutes.

Figures are ratios to a baseline that is measured in the same run, in turn with what is compared: other work on the
machine slows both down. The table is printed and kept in `build/benchmarks/`.
"""

import os
import sys
import time
from datetime import UTC, datetime
from importlib import import_module

from benchmarks.ground import ROOT, ground
from benchmarks.load import WRK
from benchmarks.table import Report
from tests.support.server import Missing

NAMES = ("start", "me", "login", "storm", "refresh", "command", "events", "feed", "access", "revocation")

APART = ("late",)
"""They take minutes, and are run when they are named only."""


def main(names: list[str]) -> None:
    """Run the benchmarks called `names`, print the table and write it down."""
    if strangers := set(names) - {*NAMES, *APART}:
        sys.exit(f"there is no {', '.join(sorted(strangers))}: {', '.join([*NAMES, *APART])}")
    report, began = Report(), time.monotonic()
    report.notes.append(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load average before {_load()},"
        f" load by {'wrk' if WRK else 'our own generator'}; medians (least-most of the rounds)"
    )
    durations = []
    with ground() as shared:
        for name in names or NAMES:
            started, busy = time.monotonic(), _load()
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                report.rows.extend(import_module(f"benchmarks.{name}").run(shared))
            except Missing as reason:
                report.notes.append(f"{name} was skipped: {reason}")
            durations.append(f"{name} {time.monotonic() - started:.0f} s (load before {busy})")
    report.notes.append(f"{', '.join(durations)}; {time.monotonic() - began:.0f} s in all, load after {_load()}")
    text = report.markdown()
    file = ROOT / "build" / "benchmarks" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(text)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main(sys.argv[1:])
