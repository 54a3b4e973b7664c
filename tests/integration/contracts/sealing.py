"""People in a real Postgres, and documents that speak of them wherever a suite keeps them."""

from dataclasses import dataclass

from core.personal import PersonalKeys
from core.postgres.database import Database
from core.postgres.person_keys import SqlSalts
from core.sealed_documents import SealedBodies
from domain.kernel.ids import UserId, uuid7
from domain.organizations.ports import ConfigurationBodies
from tests.contracts.sealed_bodies import CountedSalts
from tests.integration.contracts.configuration import PERSON

PEOPLE = PersonalKeys((b"the key that seals personal data",))


@dataclass
class SqlSealed:
    """People of a test's own, whose documents are kept in `store`."""

    database: Database
    store: ConfigurationBodies

    def __post_init__(self) -> None:
        self.salts = CountedSalts(SqlSalts(self.database))
        self.bodies = SealedBodies(self.store, PEOPLE, self.salts)

    async def person(self) -> UserId:
        made = UserId(uuid7())
        async with self.database.read() as connection:
            await connection.execute(PERSON, made)
        return made

    async def erase(self, user_id: UserId) -> None:
        async with self.database.read() as connection, connection.transaction():
            await connection.execute("DELETE FROM person_keys WHERE person_id = $1", user_id)
            await connection.execute("DELETE FROM users WHERE id = $1", user_id)

    def salts_asked(self) -> int:
        return self.salts.asked
