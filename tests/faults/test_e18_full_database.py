"""The disk of Postgres is full: sign-ups are refused with 503, what was acknowledged stays, and freeing it is enough."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import LONG
from tests.support.facts import until
from tests.support.server import Server
from tests.support.servers import private_postgres
from tests.support.service import PASSWORD, Service, Stack, deployed

pytestmark = pytest.mark.faults

MEGABYTE = 1 << 20
SIZE = 192
"""Megabytes: what a new server takes, a database, and some WAL."""
ACCOUNTS = "SELECT email FROM users"


@dataclass
class Cramped(Stack):
    """Servers of which Postgres has a file system of its own."""

    @property
    def postgres(self) -> Server:
        return self._server("postgres", on_a_disk)

    def fill(self) -> None:
        """Take all the room that there is."""
        with self._ballast.open("wb", buffering=0) as file:
            for size in (MEGABYTE, 4096, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink()

    def unmount(self) -> None:
        """Take the file system away."""
        folder = self.postgres.folder
        self.discard()
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()

    @property
    def _ballast(self) -> Path:
        return self.postgres.folder / "ballast"


def on_a_disk(folder: Path) -> Server:
    """Return a Postgres, not yet started, whose folder is a file system of `SIZE`."""
    made = private_postgres(folder)
    owner = f",uid={made.account.uid},gid={made.account.gid}" if made.account else ""
    command: list[str] = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=0700{owner}", "tmpfs", str(made.folder)]
    if (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        made.discard()
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    return made


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Cramped]:
    # Nor does `CI` make these failures, as with servers: no package that is installed lets a container mount anything.
    if os.geteuid():
        pytest.skip("only root may mount a file system that can be filled")
    stack = Cramped(tmp_path)
    _ = stack.postgres
    yield stack
    stack.unmount()


async def sign_up(service: Service, number: int) -> int:
    async with service.caller() as call:
        body = {"email": f"full{number}@example.org", "password": PASSWORD}
        return (await call("POST", "/auth/signup", body)).status


async def test_e18_while_the_disk_of_postgres_is_full_nothing_is_acknowledged_that_is_lost(
    cramped: Cramped, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with deployed(cramped, tmp_path) as service:
        statuses = [await sign_up(service, 0)]
        assert statuses == [201]
        cramped.fill()
        # Pages that are there already take some more; then nothing fits any more.
        while 503 not in statuses:
            statuses.append(await sign_up(service, len(statuses)))
            assert len(statuses) < 2000, "it is never full"
        for _ in range(200 if LONG else 10):
            statuses.append(await sign_up(service, len(statuses)))
        cramped.free()

        async def recovered() -> bool:
            statuses.append(await sign_up(service, len(statuses)))
            return statuses[-1] == 201

        if not await asyncio.to_thread(cramped.postgres.answers):
            # It ended, as it does when there is no room for its WAL, or is just coming back.
            await asyncio.to_thread(cramped.postgres.stop)
            await asyncio.to_thread(cramped.postgres.start)
        await until(recovered)
        async with service.sql() as connection:
            there = {row["email"] for row in await connection.fetch(ACCOUNTS)}
    record_property("statuses", str(Counter(statuses)))
    assert set(statuses) == {201, 503}
    acknowledged = {f"full{number}@example.org" for number, status in enumerate(statuses) if status == 201}
    assert acknowledged <= there
