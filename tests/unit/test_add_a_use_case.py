"""The guide works when it is followed to the letter."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r'```python title="(?P<path>[^"]+)"\n(?P<code>.*?)```', re.DOTALL)
NEEDED = (
    "pyproject.toml",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/unit/__init__.py",
    "tests/unit/conftest.py",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "site", "static", "*.egg-info")
LAST_ROUTE = "            *([endpoint(post"


@pytest.fixture
def blocks() -> dict[str, str]:
    """The code of the guide, by the file that it is for."""
    return {found["path"]: found["code"] for found in BLOCK.finditer((ROOT / "docs/add-a-use-case.md").read_text())}


@pytest.fixture
def project(tmp_path: Path, blocks: dict[str, str]) -> Path:
    """A copy of the project in which the guide was followed."""
    for name in ("src", "migrations", "tests/support", "tests/unit/identity"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=LEFT_OUT)
    for name in (*NEEDED, "tests/unit/test_declarations.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, code in blocks.items():
        path = tmp_path / name
        if path.exists():
            imported = "from domain.identity.commands.confirm_email import ConfirmEmail\n"
            head, mark, tail = path.read_text().partition("from domain.identity.commands.create_user")
            routes, last, rest = tail.partition(LAST_ROUTE)
            assert mark
            assert last
            path.write_text(head + imported + mark + routes + code + last + rest)
        else:
            path.write_text(code)
    return tmp_path


def run(project: Path, *command: str) -> None:
    """Run a tool in the copy; fail with what it says."""
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_guide_is_one_file_one_line_and_one_test(blocks: dict[str, str]) -> None:
    use_case, route, test = blocks
    assert (use_case, route, test) == (
        "src/domain/identity/commands/confirm_email.py",
        "src/api/routes/identity.py",
        "tests/unit/identity/test_confirm_email.py",
    )
    assert blocks[route].count("\n") == 1


def test_the_use_case_of_the_guide_passes_its_test_and_those_of_all_declarations(project: Path) -> None:
    chosen = "ConfirmEmail or test_nothing_else_is_served or open_to_anyone or unique"
    run(project, "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/identity/test_confirm_email.py")
    run(project, "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_declarations.py", "-k", chosen)


def test_the_code_of_the_guide_is_formatted_and_clean(project: Path, blocks: dict[str, str]) -> None:
    run(project, "ruff", "check", *blocks)
    run(project, "ruff", "format", "--check", *blocks)
