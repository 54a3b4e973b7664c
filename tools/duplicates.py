"""Find tests that hide each other: the later of two with one name runs, the earlier never does.

Usage: python -m tools.duplicates [FOLDER …]
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDERS: Final = ("tests", "clients/events/tests", "clients/python/tests")


def named_in(path: Path) -> list[tuple[str, int]]:
    """Return the qualified name and the line of every test and test class in the file at `path`."""
    return list(_named(ast.parse(path.read_text(), str(path))))


def twice(folder: Path) -> list[str]:
    """Return a line for each test under `folder` that another one hides."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        for name, line in named_in(path):
            places[f"{path}::{name}"].append(f"{path}:{line}")
    return [f"{name.partition('::')[2]}: {', '.join(found)}" for name, found in places.items() if len(found) > 1]


def main() -> int:
    """Print what is found; return whether anything was."""
    found = [line for folder in sys.argv[1:] or FOLDERS for line in twice(Path(folder))]
    for line in found:
        print(line)
    return int(bool(found))


def _named(tree: ast.AST, scope: str = "") -> Iterator[tuple[str, int]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test"):
                yield scope + node.name, node.lineno
        elif isinstance(node, ast.ClassDef):
            yield scope + node.name, node.lineno
            yield from _named(node, f"{scope}{node.name}::")
        else:
            yield from _named(node, scope)


if __name__ == "__main__":
    sys.exit(main())
