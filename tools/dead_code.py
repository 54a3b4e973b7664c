"""Find code that nothing uses.

Usage: python -m tools.dead_code

Vulture looks; what it says about fields, arguments and attributes is left out: the parameters of ports and the columns
of tables are used by name elsewhere, and ruff knows the rest.
"""

import sys
import tomllib
from pathlib import Path
from typing import Final

from vulture import Vulture

REPORTED: Final = frozenset({"class", "function", "import", "method", "property", "unreachable_code"})


def unused(paths: list[str], judged: tuple[str, ...], **ignored: list[str]) -> list[str]:
    """Return a line for each thing under `judged` that nothing under `paths` uses."""
    vulture = Vulture(**ignored)
    vulture.scavenge([path for path in paths if Path(path).exists()])
    here = Path.cwd()
    found = [item for item in vulture.get_unused_code(min_confidence=60) if item.typ in REPORTED]
    return [
        f"{item.filename.relative_to(here)}:{item.first_lineno}: {item.message}"
        for item in found
        if str(item.filename.relative_to(here)).startswith(judged)
    ]


def main() -> int:
    """Print what is found; return whether anything was."""
    settings = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["vulture"]
    ignored = {key: settings.get(key, []) for key in ("ignore_names", "ignore_decorators")}
    found = unused(settings["paths"], ("src/", "clients/", "tests/support/", "tools/"), **ignored)
    for line in found:
        print(line)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
