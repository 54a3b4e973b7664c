"""Files beside the code that must agree with it."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from core.settings import PREFIX, Settings
from tools.duplicates import twice
from tools.migration import start

ROOT = Path(__file__).parents[2]
FOREIGN = re.compile(r"""(?:src|href|action|url)\s*[=(]\s*["']?((?:https?:)?//[^"'\s>)]+)""")


def test_the_example_of_settings_names_all_of_them_and_no_other() -> None:
    named = re.findall(rf"^#?{PREFIX}(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_of_settings_shows_the_defaults() -> None:
    shown = dict(re.findall(rf"^#{PREFIX}(\w+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    fields = Settings.model_fields.items()
    plain = {name.upper(): each.default for name, each in fields if isinstance(each.default, str | int | float)}
    for name, default in plain.items():
        if name in shown and default != "":
            assert shown[name].lower() == str(default).lower(), name


def test_hooks_run_what_the_makefile_checks() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    checked = [
        line.strip().replace("$(RUN)", ".venv/bin/python").replace("$(BIN)", ".venv/bin")
        for line in recipe[1].splitlines()
    ]
    [local] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in local["hooks"]] == checked


def test_locks_name_versions_and_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text, lock.name
        assert len(re.findall(r"^\S+==", text, re.MULTILINE)) <= text.count("--hash=sha256:")


@pytest.mark.parametrize("script", [".ci/run", "tools/install", "tools/lock"])
def test_scripts_can_be_run(script: str) -> None:
    shell = shutil.which((ROOT / script).read_text().splitlines()[0].removeprefix("#!").split()[-1].split("/")[-1])
    assert shell
    assert (ROOT / script).stat().st_mode & 0o100
    subprocess.run([shell, "-n", str(ROOT / script)], check=True)


def test_the_documentation_can_be_built_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]
    assert len(pages) > 10
    assert not {page.name: found for page in pages if (found := FOREIGN.findall(page.read_text()))}


def test_a_migration_starts_behind_the_last_one(tmp_path: Path) -> None:
    first = start(tmp_path, "People", datetime(2026, 1, 5, tzinfo=UTC))
    second = start(tmp_path, "people have NICKNAMES", datetime(2026, 1, 6, tzinfo=UTC))
    assert (first.name, second.name) == ("2026_01_05_0001_people.py", "2026_01_06_0002_people_have_nicknames.py")
    names: dict[str, object] = {}
    exec(compile(second.read_text(), second, "exec"), names)
    assert (names["revision"], names["down_revision"]) == ("0002", "0001")
    with pytest.raises(SystemExit):
        start(tmp_path, "…", datetime(2026, 1, 6, tzinfo=UTC))


def test_tests_that_hide_each_other_are_found(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "def test_a(): ...\nif True:\n    def test_a(): ...\n"
        "class TestB:\n    def test_a(self): ...\n    async def test_a(self): ...\n    def test_c(self): ...\n"
    )
    (tmp_path / "test_other.py").write_text("def test_a(): ...\nclass TestB:\n    def test_c(self): ...\n")
    assert [line.partition(":")[0] for line in twice(tmp_path)] == ["test_a", "TestB"]
    assert [line.partition(": ")[0] for line in twice(tmp_path)] == ["test_a", "TestB::test_a"]
