import json
import re

from tests.unit.docker.files import DOCKER, ROOT, instructions

STEPS = instructions()
LAST = STEPS[max(index for index, (name, _) in enumerate(STEPS) if name == "FROM") :]


def last(name: str) -> str:
    return [rest for step, rest in LAST if step == name][-1]


def test_what_is_installed_is_checked_against_a_lock() -> None:
    installs = [part for name, rest in STEPS if name == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert all("--only-binary=:all:" in each for each in installs if "--require-hashes" in each)


def test_nothing_is_compiled_and_nothing_else_is_fetched() -> None:
    runs = " ".join(rest for name, rest in STEPS if name in {"RUN", "ADD"})
    assert not re.search(r"apt|apk|gcc|build-essential|curl|wget|https?:", runs)


def test_the_last_stage_holds_only_what_runs() -> None:
    copies = [rest for name, rest in LAST if name == "COPY"]
    assert copies == ["--from=installed /opt/gatewright /opt/gatewright"]
    assert not any("pip" in rest for name, rest in LAST if name == "RUN")


def test_it_runs_as_nobody_in_particular() -> None:
    assert last("USER") == "10001:10001"
    after = [name for name, _ in LAST[[name for name, _ in LAST].index("USER") :]]
    assert "RUN" not in after
    assert "USER" not in after[1:]


def test_signals_reach_the_service() -> None:
    assert json.loads(last("ENTRYPOINT")) == ["gatewright"]
    assert json.loads(last("CMD")) == ["serve"]


def test_it_says_whether_it_is_well() -> None:
    _, _, command = last("HEALTHCHECK").partition("CMD ")
    python, flag, program = json.loads(command)
    assert (python, flag) == ("python", "-c")
    compile(program, "HEALTHCHECK", "exec")
    assert "/health/live" in program


def test_no_secret_is_baked_in() -> None:
    held = " ".join(rest for name, rest in STEPS if name in {"ARG", "ENV"})
    assert not re.search(r"password|secret|token|_url=|_uri=|_key", held, re.IGNORECASE)


def test_what_is_copied_is_let_in_and_nothing_else_is() -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    lets = {line[1:] for line in ignored if line.startswith("!")}
    sources = {
        source.split("/")[0]
        for name, rest in STEPS
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert sources == lets
    assert "*" in ignored
    assert "**/.env" in ignored


def test_the_locks_hash_every_package() -> None:
    for name in ("runtime", "docs"):
        lines = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ").splitlines()
        packages = [line for line in lines if re.match(r"[\w.\[\]-]+==", line)]
        assert packages
        assert all("--hash=sha256:" in line for line in packages)
