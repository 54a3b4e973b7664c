"""The command line: what it says when something is wrong, and that nothing is lost when it is killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from core.keyring import KeyRing
from core.processes import spawn, until
from tests.support.command_line import Run, environment, refused
from tests.support.server import Port
from tests.support.service import PASSWORD, SECRET

NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/app"


def test_a_taken_port_is_named(run: Run, fresh_database_url: str, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(run("serve", DATABASE_URL=fresh_database_url, REDIS_URL=redis_url, PORT=port), port, "GATEWRIGHT_PORT")
        refused(run("run", DATABASE_URL=fresh_database_url, REDIS_URL=redis_url, PORT=port), port, "GATEWRIGHT_PORT")


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "run"])
def test_a_database_that_is_down_is_named(run: Run, redis_url: str, command: str) -> None:
    ended = run(command, DATABASE_URL=NOWHERE, REDIS_URL=redis_url)

    refused(ended, "127.0.0.1:1", "GATEWRIGHT_DATABASE_URL")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_an_empty_database_is_to_be_migrated(run: Run, empty_database_url: str, redis_url: str, command: str) -> None:
    refused(run(command, DATABASE_URL=empty_database_url, REDIS_URL=redis_url), "gatewright migrate")


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_a_database_that_is_not_configured_is_missed(run: Run, command: str) -> None:
    refused(run(command), "GATEWRIGHT_DATABASE_URL is not set", "gatewright run")


def test_settings_that_cannot_be_used_are_named(run: Run) -> None:
    refused(run("serve", PORT="many"), "GATEWRIGHT_PORT")
    refused(run("setup-link", SECRET="hunter2"), "GATEWRIGHT_SECRET")


def test_migrating_again_changes_nothing(run: Run, fresh_database_url: str) -> None:
    first, again = [run("migrate", DATABASE_URL=fresh_database_url) for _ in range(2)]

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == again.stdout
    assert re.fullmatch(r"The database is at revision \w+\.\n", first.stdout)


def test_the_doctor_finds_nothing_wrong(run: Run, fresh_database_url: str, redis_url: str) -> None:
    text = run("doctor", DATABASE_URL=fresh_database_url, REDIS_URL=redis_url)
    told = run("doctor", "--json", DATABASE_URL=fresh_database_url, REDIS_URL=redis_url)

    assert (text.returncode, told.returncode) == (0, 0), text.stdout
    states = {each["what"]: each["state"] for each in json.loads(told.stdout)}
    assert (states["postgres"], states["redis"]) == ("ok", "ok")
    assert "wrong" not in states.values()
    assert len(text.stdout.splitlines()) == len(states)


def test_the_doctor_names_what_is_wrong(run: Run, empty_database_url: str) -> None:
    down = run("doctor", "--json", DATABASE_URL=NOWHERE, REDIS_URL="redis://:hunter2@127.0.0.1:1/0", POTR="1")
    empty = run("doctor", DATABASE_URL=empty_database_url)
    broken = run("doctor", PORT="0")

    wrong = {each["what"] for each in json.loads(down.stdout) if each["state"] == "wrong"}
    assert wrong == {"postgres", "redis", "GATEWRIGHT_POTR"}
    assert "hunter2" not in down.stdout + down.stderr
    assert re.search(r"^wrong +postgres .*gatewright migrate", empty.stdout, re.MULTILINE)
    assert re.search(r"^wrong +settings +GATEWRIGHT_PORT", broken.stdout, re.MULTILINE)
    assert [each.returncode for each in (down, empty, broken)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("environment_", "private", "state"),
    [("production", "false", "note"), ("production", "true", "ok"), ("test", "false", "ok")],
)
def test_p7_the_doctor_notes_that_signing_up_tells_who_has_an_account(
    run: Run, environment_: str, private: str, state: str
) -> None:
    told = run(
        *("doctor", "--json"),
        DATABASE_URL=NOWHERE,
        REDIS_URL="redis://127.0.0.1:1/0",
        ISSUER="https://auth.example.com",
        SECRET=SECRET,
        ENVIRONMENT=environment_,
        SIGNUP_PRIVATE=private,
    )

    (finding,) = [each for each in json.loads(told.stdout) if each["what"] == "signing up"]
    assert (finding["state"], "GATEWRIGHT_SIGNUP_PRIVATE" in finding["detail"]) == (state, private == "false")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA", "HS256"])
def test_generated_keys_sign(run: Run, tmp_path: Path, algorithm: str) -> None:
    made = run("keys", "generate", "--algorithm", algorithm)
    (tmp_path / "keys.json").write_text(made.stdout)

    assert KeyRing.load(made.stdout, algorithm).signing.algorithm == algorithm
    linked = run("setup-link", SECRET=SECRET, SIGNING_KEYS_FILE="keys.json", SIGNING_ALGORITHM=algorithm)
    assert (linked.returncode, linked.stderr) == (0, "")


def lines(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the keys that were printed as JSON."""
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return list(json.loads(ended.stdout)["items"])


def states(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return how far each key has come, by its id."""
    return {key["kid"]: key["state"] for key in lines(ended)}


def test_keys_are_listed_rotated_and_removed(run: Run, tmp_path: Path, fresh_database_url: str) -> None:
    here = {"DATABASE_URL": fresh_database_url, "SECRET": SECRET, "JWKS_SECONDS": "1"}
    assert lines(run("keys", "list", "--json", **here)) == []
    (tmp_path / "keys.json").write_text(run("keys", "generate").stdout)
    imported = run("keys", "import", "keys.json", "--json", **here, SIGNING_KEYS_FILE="keys.json")
    signing = json.loads((tmp_path / "keys.json").read_text())["keys"][0]["kid"]
    assert (states(imported)[signing], sorted(states(imported).values())) == ("active", ["active", "next"])
    refused(run("keys", "import", "keys.json", **here), "only an empty ring")

    def rotated() -> bool:
        told.append(run("keys", "rotate", "--json", **here))
        return told[-1].returncode == 0

    told: list[subprocess.CompletedProcess[str]] = []
    assert until(rotated, 30)
    assert {json.loads(each.stdout)["code"] for each in told[:-1]} <= {"keys.key_not_ready"}
    active = json.loads(told[-1].stdout)
    assert (active["state"], states(run("keys", "list", "--json", **here))[signing]) == ("active", "retired")
    long = here | {"JWKS_SECONDS": "300"}
    refused(run("keys", "rotate", **long), "keys.key_not_ready", "Every verifier has the waiting key at")

    left = run("keys", "remove", active["kid"], "--json", **here)
    assert (states(left)[active["kid"]], states(left)[signing]) == ("removed", "retired")
    refused(run("keys", "remove", "nothing", **here), "keys.key_not_found")
    assert run("keys", "remove", **here).returncode == 2
    text = run("keys", "list", **here)
    assert re.search(rf"^removed +ES256 +{active['kid']} .* removed 20", text.stdout, re.MULTILINE)
    refused(run("keys", "rotate", **here, SIGNING_KEYS_FILE="keys.json"), "keys.managed_elsewhere")


def test_a_file_that_holds_no_keys_is_not_imported(run: Run, tmp_path: Path, fresh_database_url: str) -> None:
    (tmp_path / "keys.json").write_text('{"keys": []}')
    here = {"DATABASE_URL": fresh_database_url, "SECRET": SECRET}
    refused(run("keys", "import", "keys.json", **here), "keys.json")
    assert lines(run("keys", "list", "--json", **here)) == []


def test_the_doctor_knows_the_signing_keys(run: Run, tmp_path: Path, fresh_database_url: str, redis_url: str) -> None:
    here = {"DATABASE_URL": fresh_database_url, "REDIS_URL": redis_url}

    def found(**more: str) -> tuple[str, str]:
        told = json.loads(run("doctor", "--json", **here, **more).stdout)
        (finding,) = [each for each in told if each["what"] == "signing keys"]
        return finding["state"], finding["detail"]

    assert found(SECRET=SECRET)[0] == "note"
    (tmp_path / "keys.json").write_text(run("keys", "generate").stdout)
    run("keys", "import", "keys.json", **here, SECRET=SECRET)
    assert found(SECRET=SECRET)[0] == "ok"
    assert "new secret" in found(SECRET=SECRET[::-1], PREVIOUS_SECRETS=SECRET)[1]
    state, detail = found(SECRET=SECRET[::-1])
    assert (state, "GATEWRIGHT_PREVIOUS_SECRETS" in detail) == ("wrong", True)


def test_the_link_of_the_setup_stays_the_same(run: Run) -> None:
    first, again = run("setup-link"), run("setup-link")

    assert first.stdout == again.stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/auth/setup#token=gws_[\w-]{43}\n", first.stdout)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_serving_that_is_stopped_has_not_failed(
    fresh_database_url: str, redis_url: str, tmp_path: Path, ending: signal.Signals
) -> None:
    port = Port()
    settings = environment(
        DATABASE_URL=fresh_database_url, REDIS_URL=redis_url, PORT=str(port.number), DATA_DIR=str(tmp_path)
    )
    with (tmp_path / "log").open("wb") as log:
        serving = spawn([sys.executable, "-m", "api.cli", "serve"], log, None, environment=settings)
    try:
        assert until(lambda: ready(port), 60)
        os.kill(serving.pid, ending)
        assert serving.wait(20) == 0, (tmp_path / "log").read_text()
    finally:
        serving.kill()
        port.free()


def ready(port: Port) -> bool:
    """Whether it says that it is ready."""
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port.number}/health/ready", timeout=2) as answer:
        return int(answer.status) == 200
    return False


class Everything:
    """`gatewright run` in a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        settings = environment(DATA_DIR=str(self.folder / "data"), PORT=str(self.port))
        with (self.folder / "log").open("wb") as log:
            self.process = spawn([sys.executable, "-m", "api.cli", "run"], log, None, environment=settings)

    def wait(self) -> None:
        """Wait until it says that it is ready."""
        log = self.folder / "log"
        assert until(lambda: b"ready: http" in log.read_bytes() or self.process.poll() is not None, 90)
        assert self.process.poll() is None, log.read_text()

    def post(self, path: str, value: object) -> int:
        """Return the status of the answer."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = Request(url, json.dumps(value).encode(), {"content-type": "application/json"})
        with urlopen(request, timeout=20) as answer:
            return int(answer.status)

    def end(self, number: signal.Signals) -> None:
        """End it, and wait for that."""
        os.kill(self.process.pid, number)
        self.process.wait(40)


def test_two_run_side_by_side_and_one_that_was_killed_opens_its_data_again(tmp_path: Path) -> None:
    ports = [Port(), Port()]
    one, two = [Everything(tmp_path / f"{number}", port.number) for number, port in enumerate(ports)]
    ada = {"email": "ada@example.com", "password": PASSWORD}
    try:
        for each in (one, two):
            each.wait()
            assert each.post("/auth/signup", ada) == 201
        one.end(signal.SIGKILL)
        assert two.post("/auth/login", ada) == 200
        one.start()
        one.wait()
        assert one.post("/auth/login", ada) == 200
    finally:
        for each in (one, two):
            each.end(signal.SIGTERM)
        for port in ports:
            port.free()
