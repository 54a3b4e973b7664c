"""How alembic reaches the database: asyncpg, one migrator at a time, one transaction per migration."""

import asyncio
import os
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.postgres.base import mapping
from core.postgres.direct import plain

LOCK = 4_721_053_319
"""The advisory lock of migrators. Postgres gives it back when the connection ends, however it ends."""

url = context.config.attributes.get("url") or os.environ["GATEWRIGHT_DATABASE_URL"]


def configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=mapping.metadata,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> Any:
    return await asyncpg.connect(plain(url), timeout=10, server_settings={"application_name": "gatewright-migrator"})


async def migrate() -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
        await connection.commit()
        await connection.run_sync(configure)
    await engine.dispose()


asyncio.run(migrate())
