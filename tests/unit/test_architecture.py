"""What the import contracts cannot say."""

import ast
import re
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


ALONE = {
    "AccessTokens": "what is issued is verified in tests/unit/credentials/test_access_tokens.py",
    "Accounts": "made in the domain, of ports that have suites",
    "Clearances": "tests have the adapter that the service has",
    "Clock": "tells the time",
    "Destinations": "tests have the adapter that the service has",
    "DeviceTokens": "tests have the adapter that the service has",
    "Identities": "made in the domain, of ports that have suites",
    "InvitationEnding": "made in the domain, of ports that have suites",
    "InvitationTokens": "tests have the adapter that the service has",
    "KeyForge": "tests have the adapter that the service has",
    "LinkTokens": "tests have the adapter that the service has",
    "Mailer": "queues a job with the work, whose suite says what becomes of it",
    "PolicyEvaluation": "tests have the adapter that the service has",
    "PolicyLanguage": "tests have the adapter that the service has",
    "Rehearsal": "rolls back, which the suite of the unit of work is about; test_policy.py sees that nothing is left",
    "MailIdentities": "made in the domain, of ports that have suites",
    "SessionRenewal": "made in the domain, of ports that have suites",
    "SignInRequests": "queues a job with the work, whose suite says what becomes of it",
    "AccountRequests": "queues a job with the work, whose suite says what becomes of it",
    "ResetRequests": "queues a job with the work, whose suite says what becomes of it",
    "TokenInspection": "tests/integration/api asks the real one about real tokens",
    "Makers": "asked in one place, whose test sees the mail that comes of it",
    "WebhookSecrets": "tests have the adapter that the service has",
    "Walls": "made in the domain, of ports that have suites",
}
"""Ports without a suite, and why."""
REAL_ALONE = {
    "BreachedPasswordsContract",
    "CursorsContract",
    "EmailAddressesContract",
    "LimitsContract",
    "PasswordsContract",
}
"""Suites of ports of which unit tests have the adapter itself: none is in memory, or all are."""


def test_every_port_has_a_contract_suite() -> None:
    promised = {
        name
        for path in (ROOT / "tests" / "contracts").glob("*.py")
        for name in re.findall(r"`(\w+)`", ast.get_docstring(ast.parse(path.read_text())) or "")
    }
    assert ports() - promised == ALONE.keys()


def ports() -> set[str]:
    """Return the Protocols that adapters implement."""
    files = [
        path for name in ("ports", "repositories", "readers", "facade") for path in (SRC / "domain").rglob(f"{name}.py")
    ]
    return {
        node.name
        for path in files
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
    }


def test_every_contract_suite_is_run_in_memory_and_on_something_real() -> None:
    suites = bases(ROOT / "tests" / "contracts", named=True)
    assert suites - bases(ROOT / "tests" / "unit") == set()
    assert suites - bases(ROOT / "tests" / "integration") <= REAL_ALONE


def bases(folder: Path, *, named: bool = False) -> set[str]:
    """Return the contract suites that classes in `folder` extend, or are."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found |= {node.name} if named else {ast.unparse(each).split("[")[0] for each in node.bases}
    return {name for name in found if name.endswith("Contract")}
