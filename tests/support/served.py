"""The pipeline of the service on a database, without HTTP before it: whoever says who they are is believed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import asyncpg
from prometheus_client import CollectorRegistry

from core.assembly import Assembly
from core.pipeline import Authenticator, Call, Dispatcher
from core.providers import dispatcher
from core.settings import Settings
from domain.access.models import SUPERUSER
from domain.kernel.access import Actor
from domain.kernel.ids import PLATFORM, SessionId, UserId, uuid7

USER: Final = """
INSERT INTO users (id, is_active, email_verified, email, epoch, created_at, updated_at, version)
VALUES ($1, true, true, $1::uuid::text, 1, now(), now(), 1)
"""
GRANT: Final = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
VALUES (gen_random_uuid(), $1, 'user', $2, $3, now(), 1)
"""


@dataclass(frozen=True)
class Named(Authenticator):
    async def identify(self, credential: bytes) -> Actor:
        return Actor(UserId(UUID(credential.decode())), SessionId(UUID(int=0)), None, 1)


@dataclass
class Served:
    assembly: Assembly
    connection: Any
    """For what tests write and read themselves."""
    dispatch: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.dispatch = replace(dispatcher(self.assembly), authenticator=Named())

    async def send(self, message: Any, by: UserId) -> Any:
        return (await self.dispatch(message, Call(str(by).encode()))).result

    async def stranger(self) -> UserId:
        made = UserId(uuid7())
        await self.connection.execute(USER, made)
        return made

    async def superuser(self) -> UserId:
        made = await self.stranger()
        await self.connection.execute(GRANT, PLATFORM, made, SUPERUSER)
        return made


@asynccontextmanager
async def served(settings: Settings, kind: type[Served] = Served) -> AsyncIterator[Any]:
    """Yield the pipeline, as configured, without what runs beside the requests."""
    assembly = Assembly.of(settings, CollectorRegistry())
    # Nobody looks at time here: a machine that is held up for seconds has no command refused.
    assembly.database.wait = assembly.database.statement_timeout = 20
    await assembly.database.open()
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    made = kind(assembly, connection)
    yield made
    await made.dispatch.container.close()
    await connection.close()
    await assembly.close()
