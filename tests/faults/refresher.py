"""One process that refreshes and revokes: it reads numbered requests, a line each, and writes what came of each.

It writes `ready` first, once it is connected.

    7 refresh gwr_…

python -m tests.faults.refresher DATABASE REDIS GRACE
"""

import asyncio
import sys
from pathlib import Path
from tempfile import gettempdir

import uvloop

from core.assembly import Assembly
from core.pipeline import Call
from core.processes import end_with_parent
from core.providers import dispatcher
from core.settings import Settings
from domain.kernel.errors import DomainError
from domain.sessions.commands.refresh_session import RefreshSession
from domain.sessions.commands.revoke_token import RevokeToken
from tests.support.service import SECRET


def configured(database: str, redis: str, grace: int) -> Settings:
    """Return the settings that every such process has."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # known to pydantic-settings
        secret=SECRET,  # type: ignore[arg-type]  # read by pydantic
        data_dir=Path(gettempdir()),
        database_url=database,  # type: ignore[arg-type]
        redis_url=redis,  # type: ignore[arg-type]
        refresh_grace_seconds=grace,
    )


async def main(database: str, redis: str, grace: int) -> None:
    """Answer until the input ends, as many at once as there are lines."""
    assembly = Assembly.of(configured(database, redis, grace))
    await assembly.open()
    dispatch = dispatcher(assembly)

    async def do(number: str, what: str, token: str) -> None:
        try:
            if what == "refresh":
                outcome = (await dispatch(RefreshSession(refresh_token=token), Call())).result.refresh_token
            else:
                await dispatch(RevokeToken(token=token), Call())
                outcome = "revoked"
        except DomainError as refusal:
            outcome = refusal.code
        sys.stdout.write(f"{number} {outcome}\n")
        sys.stdout.flush()

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as running:
        while line := await reader.readline():
            running.create_task(do(*line.decode().split()))
    await assembly.close()


if __name__ == "__main__":
    end_with_parent()
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
