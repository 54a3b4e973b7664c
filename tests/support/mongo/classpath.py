"""The jars that the wrapper needs, brought by Maven once and kept in the user's cache."""

import fcntl
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from tests.support.server import Missing

_POM = Path(__file__).with_name("pom.xml")


def classpath() -> str:
    """Return it in Java's form, or raise `Missing`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatewright"
    jars = cache / f"mongo-wire-{sha256(_POM.read_bytes()).hexdigest()[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "mongo-wire.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.exists():
            _bring(jars)
    return f"{jars}/*"


def _bring(jars: Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise Missing("no MongoDB: install Docker, or a JDK and Maven, or name one in GATEWRIGHT_TEST_MONGODB_URL")
    fresh = jars.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = (maven, "-q", "-B", "-f", _POM, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Missing(f"no MongoDB: Maven could not bring it: {done.stdout.strip()[:300]}")
    fresh.rename(jars)
