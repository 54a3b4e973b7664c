"""Where the bodies of configuration documents are kept."""

from typing import Protocol

from core.postgres.configuration import SqlConfigurationBodies
from core.postgres.database import Database
from core.settings import Settings
from domain.organizations.ports import ConfigurationBodies

# Beanie and PyMongo take long to import, so only a process that has a MongoDB does.


class Mongo(Protocol):
    """The connection to MongoDB."""

    async def ping(self) -> None:
        """Return when the server has answered, or raise `Unavailable`."""

    async def close(self) -> None:
        """Let go of all sockets."""


def mongo_connection(settings: Settings) -> Mongo | None:
    """Return the connection, which connects at its first use; None where no MongoDB is configured."""
    if settings.mongodb_uri is None:
        return None
    from core.mongo.client import MongoConnection  # noqa: PLC0415 - as said above

    return MongoConnection(settings.mongodb_uri.get_secret_value())


def configuration_bodies(mongo: Mongo | None, database: Database) -> ConfigurationBodies:
    """Keep them in MongoDB if there is one, else in Postgres."""
    if mongo is None:
        return SqlConfigurationBodies(database)
    from core.mongo.client import MongoConnection  # noqa: PLC0415 - as said above
    from core.mongo.configuration import MongoConfigurationBodies  # noqa: PLC0415 - as said above

    assert isinstance(mongo, MongoConnection)
    return MongoConfigurationBodies(mongo)
