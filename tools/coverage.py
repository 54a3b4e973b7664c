"""Which tests prove which item of the security checklist: a test proves the item that its name bears."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from tools.duplicates import named_in

CHECKLIST: Final = Path("docs/security/checklist.md")
TESTS: Final = Path("tests")
CLIENTS: Final = Path("clients")
ITEM: Final = re.compile(r"\| ([A-Z]\d+) \| (.+) \|")
PROVES: Final = re.compile(r"(?:^|::)test_((?:[a-z]\d+_)+)")


def coverage() -> str:
    """Return the page; raise `SystemExit` when a test bears the id of no item."""
    tests = _tests()
    items = [found.groups() for line in CHECKLIST.read_text().splitlines() if (found := ITEM.fullmatch(line))]
    if unknown := set(tests) - {key for key, _ in items}:
        raise SystemExit(f"no item of {CHECKLIST}: {', '.join(test for key in sorted(unknown) for test in tests[key])}")
    rows = "\n".join(f"| {key} | {text} | {'<br>'.join(tests[key]) or 'none'} |" for key, text in items)
    proved = sum(bool(tests[key]) for key, _ in items)
    return (
        f"# Security coverage\n\n{proved} of {len(items)} items of the [checklist](checklist.md) have a test that "
        f"bears their id.\n\n| id | what must hold | tests |\n| --- | --- | --- |\n{rows}\n"
    )


def _tests() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in [*sorted(TESTS.rglob("*.py")), *sorted(CLIENTS.glob("*/tests/**/*.py"))]:
        shown = path.relative_to(TESTS) if path.is_relative_to(TESTS) else path
        for name, _ in named_in(path):
            if match := PROVES.search(name):
                for item in match[1].upper().split("_")[:-1]:
                    found[item].append(f"`{shown}::{name}`")
    return found
