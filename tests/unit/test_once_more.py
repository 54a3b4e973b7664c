"""What failed beside others on a busy machine is asked twice more by itself; what is wrong still fails."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
RIGHT: Final = "def test_it(): pass"
WRONG: Final = "def test_it(): assert False"
RUNS: Final = """
from pathlib import Path
def test_it():
    runs = Path(__file__).with_suffix(".runs")
    number = int(runs.read_text()) + 1 if runs.exists() else 1
    runs.write_text(str(number))
    assert number {good}
"""
UNLUCKY: Final = RUNS.format(good="> 1")
SELDOM: Final = RUNS.format(good="== 2")


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"integration/test_a.py": UNLUCKY, "faults/test_b.py": UNLUCKY, "unit/test_c.py": RIGHT}, 0),
        ({"faults/test_a.py": WRONG}, 1),
        ({"faults/test_a.py": UNLUCKY, "integration/test_b.py": WRONG}, 1),
        ({"faults/test_a.py": SELDOM}, 1),
        ({"unit/test_a.py": UNLUCKY}, 1),
        ({"faults/test_a.py": UNLUCKY, "unit/test_b.py": UNLUCKY}, 1),
        ({f"faults/test_{each}.py": UNLUCKY for each in "abcd"}, 1),
        ({"faults/test_a.py": "import nothing_of_this_name", "faults/test_b.py": UNLUCKY}, 2),
    ],
    ids=["unlucky", "wrong", "one of two wrong", "wrong every other time", "unit", "with a unit", "many", "broken"],
)
def test_counts_what_fails_again(tmp_path: Path, files: dict[str, str], status: int) -> None:
    for name, body in files.items():
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).write_text(body)
    asked = [sys.executable, "-m", "pytest", "-q", "tests"]
    known = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))}
    known |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    first = subprocess.run(asked, cwd=tmp_path, env=known, capture_output=True, check=False)
    again = [sys.executable, "-m", "tools.once_more", str(first.returncode)]
    found = subprocess.run(again, cwd=tmp_path, env=known, capture_output=True, check=False, text=True)
    assert found.returncode == status, found.stdout + found.stderr
    assert ("to be mended" in found.stdout) == (status == 0)


def test_takes_a_run_that_broke_off_as_failed(tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "tools.once_more", "2"]
    known = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(asked, cwd=tmp_path, env=known, check=False).returncode == 2
