import asyncio
import os
import re
import signal
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core.postgres.embedded import EmbeddedPostgres
from core.processes import StartFailed, until
from core.supervision import AlreadyRunning
from core.unprivileged import Unavailable
from tests.integration.embedded.conftest import Starting, arguments_of, ended, stranger


async def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_it_answers_at_both_forms_of_its_address(postgres: EmbeddedPostgres) -> None:
    engine = create_async_engine(postgres.url)
    async with engine.connect() as connection:
        assert (
            await connection.scalar(text("SELECT current_user || '/' || current_database()")) == "gatewright/gatewright"
        )
    await engine.dispose()
    assert await ask(postgres, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("max_connections", "100"),
        ("shared_buffers", "128MB"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
    ],
)
async def test_it_is_set_to_keep_what_it_commits_and_to_listen_to_no_network(
    shared_postgres: EmbeddedPostgres, name: str, value: str
) -> None:
    assert await ask(shared_postgres, f"SHOW {name}") == value


async def test_it_collates_alike_everywhere(shared_postgres: EmbeddedPostgres) -> None:
    assert (
        await ask(shared_postgres, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    )
    assert await ask(shared_postgres, "SELECT lower('ÀÉ')") == "àé"


async def test_its_account_is_no_superuser_but_may_make_databases(shared_postgres: EmbeddedPostgres) -> None:
    wanted = "SELECT rolsuper::text || rolcreatedb::text FROM pg_roles WHERE rolname = current_user"
    assert await ask(shared_postgres, wanted) == "falsetrue"


async def test_nobody_gets_in_without_the_password(shared_postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(re.sub(":[^:@]+@", ":wrong@", shared_postgres.dsn))


async def test_the_superuser_cannot_sign_in(shared_postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(shared_postgres.dsn.replace("//gatewright:", "//postgres:"))


def test_what_it_keeps_secret_is_readable_by_its_owner_only(shared_postgres: EmbeddedPostgres) -> None:
    modes = {
        name: stat.S_IMODE((shared_postgres.place / name).stat().st_mode) for name in ("password", "log", "data", "run")
    }
    assert modes == {"password": 0o600, "log": 0o600, "data": 0o700, "run": 0o700}


async def test_its_data_and_address_are_the_same_after_a_stop_and_a_start(postgres: EmbeddedPostgres) -> None:
    await ask(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    before = postgres.url
    postgres.stop()
    postgres.start()
    assert postgres.url == before
    assert await ask(postgres, "SELECT n FROM kept") == 7


def test_stopping_twice_does_nothing(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    postgres.stop()


def test_a_second_run_on_the_same_folder_is_told_what_to_do(
    postgres: EmbeddedPostgres, tmp_path: Path, home: Path
) -> None:
    with pytest.raises(AlreadyRunning) as refusal:
        EmbeddedPostgres(tmp_path, home).start()
    message = str(refusal.value)
    assert "\n" not in message
    assert str(postgres.place) in message
    assert str(os.getpid()) in message
    assert "GATEWRIGHT_DATA_DIR" in message


async def test_two_folders_run_side_by_side(postgres: EmbeddedPostgres, tmp_path: Path, home: Path) -> None:
    other = EmbeddedPostgres(tmp_path / "other", home)
    other.start()
    try:
        await ask(other, "CREATE TABLE only_here ()")
        assert await ask(postgres, "SELECT to_regclass('only_here')") is None
    finally:
        other.stop()


def test_it_goes_when_the_process_that_started_it_is_killed(starting: Starting) -> None:
    run = starting()
    run.process.kill()
    assert until(lambda: ended(run.postgres), 20)


async def test_what_it_committed_is_there_after_its_parent_was_killed(
    starting: Starting, postgres: EmbeddedPostgres
) -> None:
    postgres.stop()
    run = starting()
    connection = await asyncpg.connect(run.dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    run.process.kill()
    run.process.wait()
    postgres.start()
    assert await ask(postgres, "SELECT n FROM kept") == 7


def test_a_process_that_ends_without_stopping_it_takes_it_along(starting: Starting) -> None:
    run = starting()
    run.process.send_signal(signal.SIGTERM)
    assert until(lambda: ended(run.postgres), 20)


async def test_a_postmaster_that_outlived_its_parent_is_replaced(postgres: EmbeddedPostgres) -> None:
    with orphaned(postgres) as stray:
        assert until((postgres.place / "run" / ".s.PGSQL.5432").exists, 20)
        postgres.start()
        assert stray.wait(10) == 0
        assert postgres.pid != stray.pid
        assert await ask(postgres, "SELECT 1") == 1


async def test_a_killed_postmaster_that_nobody_buried_counts_as_dead(postgres: EmbeddedPostgres) -> None:
    with orphaned(postgres) as stray:
        noted = postgres.place / "data" / "postmaster.pid"
        assert until(lambda: noted.exists() and noted.read_text(encoding="utf-8").startswith(f"{stray.pid}\n"), 20)
        stray.kill()
        assert until(lambda: ended(stray.pid), 60)
        postgres.start()
        assert await ask(postgres, "SELECT 1") == 1


async def test_a_stranger_who_got_the_number_of_a_dead_postmaster_lives(postgres: EmbeddedPostgres) -> None:
    with stranger(postgres.account) as other:
        leave_pid_file(postgres, other.pid)
        postgres.start()
        assert await ask(postgres, "SELECT 1") == 1
        assert other.poll() is None


async def test_the_postmaster_of_another_folder_is_a_stranger_too(
    postgres: EmbeddedPostgres, tmp_path: Path, home: Path
) -> None:
    other = EmbeddedPostgres(tmp_path / "other", home)
    other.start()
    try:
        leave_pid_file(postgres, other.pid)
        postgres.start()
        assert await ask(postgres, "SELECT 1") == 1
        assert await ask(other, "SELECT 1") == 1
    finally:
        other.stop()


async def test_a_killed_postmaster_comes_back_at_the_same_address_with_its_data(
    postgres: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    killed = postgres.pid
    postgres.watch()
    os.kill(killed, signal.SIGKILL)
    assert until(lambda: postgres.pid != killed, 90)
    assert await ask(postgres, "SELECT n FROM kept") == 7

    def said() -> list[str]:
        return [text for record in caplog.records if "ended" in (text := record.getMessage().split(",")[0])]

    assert until(lambda: bool(said()), 30)
    assert said() == ["postgres ended (-9)"]


async def test_it_comes_back_though_a_statement_of_the_killed_one_still_runs(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.dsn)
    busy = asyncio.create_task(connection.execute("DO 'BEGIN LOOP END LOOP; END'"))
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%' AND state = 'active'"
    while await ask(postgres, running) != 1:
        continue
    killed = postgres.pid
    postgres.watch()
    os.kill(killed, signal.SIGKILL)
    assert await asyncio.to_thread(until, lambda: postgres.pid != killed, 90)
    assert await ask(postgres, "SELECT 1") == 1
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await busy


def test_it_stays_down_once_stopped(postgres: EmbeddedPostgres) -> None:
    postgres.watch()
    pid = postgres.pid
    postgres.stop()
    assert ended(pid)
    assert not (postgres.place / "data" / "postmaster.pid").exists()


async def test_a_first_start_that_was_cut_short_is_done_again(tmp_path: Path, home: Path) -> None:
    server = EmbeddedPostgres(tmp_path, home)
    server.start()
    server.stop()
    half = server.place / "data.new"
    (server.place / "data").rename(half)
    (half / "global" / "pg_control").unlink()
    server.start()
    assert await ask(server, "SELECT 1") == 1
    assert not half.exists()
    server.stop()


def test_data_of_another_major_version_is_left_alone(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    (postgres.place / "data" / "PG_VERSION").write_text("17\n", encoding="ascii")
    with pytest.raises(Unavailable, match=r"was made by Postgres 17, and 18 cannot read it: .*GATEWRIGHT_DATABASE_URL"):
        postgres.start()


def test_a_lost_password_is_told(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    (postgres.place / "password").unlink()
    with pytest.raises(Unavailable, match="password is gone"):
        postgres.start()


def test_why_it_did_not_start_is_told_in_one_line(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    (postgres.place / "data" / "postgresql.conf").write_text("nonsense = 1\n", encoding="ascii")
    with pytest.raises(StartFailed, match=r"^postgres did not start: .*configuration file .* contains errors.*$"):
        postgres.start()


def orphaned(server: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    """The same postmaster, as a process that no death signal reaches."""
    command = arguments_of(server.pid)
    server.stop()
    account = server.account.process if server.account else {}
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **account)


def leave_pid_file(server: EmbeddedPostgres, pid: int) -> None:
    """Leave the server as if it had been killed and its number given to `pid`."""
    noted = server.place / "data" / "postmaster.pid"
    os.kill(server.pid, signal.SIGKILL)
    killed = str(server.pid)
    server.stop()
    lines = noted.read_text(encoding="utf-8").split("\n")
    assert lines[0] == killed
    noted.write_text("\n".join([str(pid), *lines[1:]]), encoding="utf-8")
