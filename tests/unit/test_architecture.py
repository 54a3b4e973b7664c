"""What the import contracts cannot say."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
LONGEST = 300


def contracts() -> list[dict[str, Any]]:
    """Return the import contracts."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    found: list[dict[str, Any]] = settings["contracts"]
    return found


def capabilities() -> set[str]:
    """Return the packages of the domain that are no part of the kernel."""
    folders = (path.parent for path in (SRC / "domain").glob("*/__init__.py"))
    return {f"domain.{folder.name}" for folder in folders if folder.name != "kernel"}


def test_the_source_root_holds_the_three_layers_alone() -> None:
    assert {path.name for path in SRC.iterdir() if (path / "__init__.py").exists()} == {"api", "core", "domain"}


@pytest.mark.parametrize("layer", ["api", "core", "domain"])
def test_no_other_distribution_has_packages_named_like_our_layers(layer: str) -> None:
    try:
        distribution("gatewright")
    except PackageNotFoundError:
        pytest.skip("gatewright is not installed: `make test` installs it")
    assert set(packages_distributions()[layer]) == {"gatewright"}


def test_the_contracts_know_every_capability() -> None:
    independent = [set(each["modules"]) for each in contracts() if each["type"] == "independence"]
    forbidden = [
        set(each["forbidden_modules"]) for each in contracts() if each.get("source_modules") == ["domain.kernel"]
    ]
    assert independent == [capabilities()]
    assert forbidden == [capabilities()]


def test_the_domain_imports_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {"domain"}
    foreign = {
        f"{path.relative_to(SRC)}: {name}"
        for path in (SRC / "domain").rglob("*.py")
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] not in allowed
    }
    assert not foreign


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that are imported anywhere in `tree`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SRC.rglob("*.py")}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_a_use_case_has_a_file_of_its_own() -> None:
    files = [path for kind in ("commands", "queries") for path in (SRC / "domain").glob(f"*/{kind}/*.py")]
    declared = {path: path.read_text().count("\n@interactor(") for path in files if path.name != "__init__.py"}
    assert not {str(path.relative_to(SRC)) for path, count in declared.items() if count != 1}


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(path.name.split("_")[3] for path in (ROOT / "migrations" / "versions").glob("*.py"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
