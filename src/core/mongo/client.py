"""The connection to MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import new_class
from typing import Any, Final, TypeVar, cast

import pymongo
from beanie import Document, init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from domain.kernel.errors import Unavailable

D = TypeVar("D", bound=Document)

SELECTION_MS: Final = 2000
"""How long to look for a server, and to connect to it."""
PATIENCE: Final = 3.0
"""Seconds that one use may take with everything it does, waiting for a socket and retries included."""
SOCKETS: Final = 20


@dataclass(slots=True, eq=False)
class MongoConnection:
    """A client that is made at its first use, and prepares each kind of document once.

    A server that is not reached then is tried again at the next use, and one that is lost later is found again by the
    driver: the process may start before MongoDB and outlive its restarts. Not for use before a fork, nor on more than
    one event loop.
    """

    url: str
    database: str = "gatewright"
    """Used unless `url` names one."""
    _client: AsyncMongoClient[dict[str, Any]] | None = field(default=None, init=False)
    _prepared: dict[type[Document], asyncio.Task[type[Document]]] = field(default_factory=dict, init=False)

    async def ping(self) -> None:
        """Return when the server has answered, or raise `Unavailable`."""
        async with self._reaching():
            await self._database().command("ping")

    @asynccontextmanager
    async def use(self, kind: type[D]) -> AsyncIterator[type[D]]:
        """Lend `kind` bound to this connection's database, with its indexes made, for up to `PATIENCE` seconds.

        Raise `Unavailable` if the server is not reached, is lost, or takes too long.
        """
        async with self._reaching():
            yield await self._bound(kind)

    async def close(self) -> None:
        """Let go of all sockets."""
        client, tasks = self._client, list(self._prepared.values())
        self._client = None
        self._prepared.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if client:
            await client.close()

    @asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        try:
            with pymongo.timeout(PATIENCE):
                yield
        except PyMongoError as error:
            if isinstance(error, ConnectionFailure) or error.timeout:
                raise Unavailable from error
            raise

    async def _bound(self, kind: type[D]) -> type[D]:
        preparing = self._prepared.get(kind)
        # One attempt for all who wait: one after the other they would wait for the sum of the timeouts.
        if preparing is None or (preparing.done() and not _succeeded(preparing)):
            preparing = self._prepared[kind] = asyncio.create_task(self._prepare(kind))
        return cast("type[D]", await asyncio.shield(preparing))

    async def _prepare(self, kind: type[Document]) -> type[Document]:
        bound = _twin(kind)
        await init_beanie(database=self._database(), document_models=[bound])
        return bound

    def _database(self) -> AsyncDatabase[dict[str, Any]]:
        if self._client is None:
            self._client = AsyncMongoClient(
                self.url,
                appname="gatewright",
                tz_aware=True,
                uuidRepresentation="standard",
                serverSelectionTimeoutMS=SELECTION_MS,
                connectTimeoutMS=SELECTION_MS,
                maxPoolSize=SOCKETS,
                # As it is, two connect at a time and the others queue; a loop that ended while many did so hung for
                # ever in a third of the runs (PyMongo 4.20, Python 3.11), and never without that queue.
                maxConnecting=SOCKETS,
            )
        # Postgres refers to what is written here, so a fail-over must not undo it.
        return self._client.get_default_database(self.database, write_concern=WriteConcern("majority"))


def _twin(kind: type[D]) -> type[D]:
    """Return a class like `kind`, whose fields must have no defaults.

    Beanie keeps the collection on the class, so each connection needs one of its own, or the last that starts has them
    all. A subclass will not do: Beanie prepares its parent too, and leaves marks there that the next subclass inherits.
    """
    alike = ("__annotations__", "__doc__", "__module__", "__qualname__", "Settings")
    twin = new_class(
        kind.__name__, kind.__bases__, exec_body=lambda body: body.update({name: getattr(kind, name) for name in alike})
    )
    return cast("type[D]", twin)


def _succeeded(task: asyncio.Task[type[Document]]) -> bool:
    return not task.cancelled() and task.exception() is None
