"""Dossiers in Postgres, and whether a table is missing from them."""

from dataclasses import dataclass

import pytest

from core.audit.sealing import DeploymentSeal, OwnSeal
from core.clock import SystemClock
from core.personal import SEALED, PersonalKeys
from core.postgres.audit_reading import SqlAuditTrails
from core.postgres.database import Database
from core.postgres.dossier_sections import EXEMPT, SECTIONS
from core.postgres.dossiers import SqlDossiers
from core.postgres.people import SqlUsers
from core.postgres.work import SqlWork
from core.secrets import Sealed, Secrets
from domain.audit.readers import EntryFilter
from domain.audit.schemas import SeenAt
from domain.identity.commands.sign_up import SignUp
from domain.identity.commands.update_user import UpdateUser
from domain.identity.events import UserCreated
from domain.identity.models import EmailAddress, User
from domain.kernel.access import Actor, Origin
from domain.kernel.errors import Overloaded
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.usecases import use_case
from tests.contracts.dossiers import SECRET, DossiersContract, everything
from tests.support.facts import number, state

KEYS = PersonalKeys.of(Secrets(b"a master secret for dossiers, long"))
TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
AND relnamespace = 'public'::regnamespace
"""


ORIGIN = Origin("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
PLACES = OwnSeal(KEYS, DeploymentSeal(Sealed(b"the key that seals the places 32")))


@dataclass(frozen=True)
class SqlDossierGround:
    database: Database

    @property
    def dossiers(self) -> SqlDossiers:
        return SqlDossiers(self.database, KEYS, PLACES)

    async def announced(self, name: str) -> User:
        now = SystemClock().now()
        user = User(email=EmailAddress(f"{uuid7().hex}@example.org"), full_name=name, created_at=now, updated_at=now)
        work = self._work()
        await SqlUsers(work).add(user)
        work.emit(
            UserCreated(
                user_id=user.id, email=user.email, email_verified=False, username=None, full_name=name, occurred_at=now
            ),
            of=user,
        )
        actor = Actor(UserId(user.id), SessionId(uuid7()), None, 1)
        work.record(use_case(SignUp), SignUp(email=user.email, password="x"), actor, "done")
        await work.commit()
        async with self.database.read() as connection:
            await number(connection)
        return user

    async def changed(self, user: User) -> str:
        work, actor = self._work(), Actor(UserId(uuid7()), SessionId(uuid7()), None, 1)
        work.record(use_case(UpdateUser), UpdateUser(user_id=user.id, full_name="Eve"), actor, "done")
        await work.commit()
        async with self.database.read() as connection:
            await number(connection)
        return str(actor)

    def _work(self) -> SqlWork:
        return SqlWork(
            self.database, SystemClock(), b"audit key", lambda _: None, people=KEYS, origin=ORIGIN, seal=PLACES
        )


@pytest.fixture
def ground(database: Database) -> SqlDossierGround:
    return SqlDossierGround(database)


class TestSqlDossiers(DossiersContract):
    pass


async def test_e13_every_table_is_exported_or_exempt_with_a_reason(database: Database) -> None:
    async with database.read() as connection:
        tables = {row["relname"] for row in await connection.fetch(TABLES)}
    words = {word for query in SECTIONS.values() for word in query.replace("(", " ").split()}
    exported = (tables & words) | {"events", "audit"}
    assert exported | EXEMPT.keys() >= tables, "say how it is exported, or why not"
    assert not exported & EXEMPT.keys()
    assert EXEMPT.keys() <= tables


@pytest.mark.parametrize("name", sorted(SECTIONS))
async def test_e13_no_section_has_a_column_with_a_secret(database: Database, name: str) -> None:
    async with database.read() as connection:
        made = await connection.prepare(SECTIONS[name])
        columns = {each.name for each in made.get_attributes()}
    assert columns
    assert not {each for each in columns if each.endswith(SECRET)}


async def test_e13_what_concerns_somebody_is_in_it_whatever_its_aggregate(ground: SqlDossierGround) -> None:
    ada = await ground.announced("Ada")
    async with ground.database.read() as connection:
        await state(connection, uuid7(), 1, type="organizations.member.added", data={"user_id": str(ada.id)})
        await connection.execute(
            "UPDATE outbox SET aggregate_type = 'membership' WHERE type = 'organizations.member.added'"
        )
        await number(connection)
    held = await everything(ground, ada)
    assert [event["type"] for event in held["events"]] == ["identity.user.created", "organizations.member.added"]


@pytest.mark.parametrize(
    ("type_", "name", "other"),
    [
        ("organizations.ownership.transferred", "from_user_id", "to_user_id"),
        ("organizations.ownership.transferred", "to_user_id", "from_user_id"),
        ("organizations.invitation.made", "invited_by", None),
        ("organizations.organization.created", "created_by", None),
    ],
)
async def test_e13_whoever_an_event_names_is_told_of_it_and_of_nobody_else(
    ground: SqlDossierGround, type_: str, name: str, other: str | None
) -> None:
    ada, organization = await ground.announced("Ada"), str(uuid7())
    data = {"organization_id": organization, name: str(ada.id)} | ({other: str(uuid7())} if other else {})
    async with ground.database.read() as connection:
        await state(connection, uuid7(), 1, type=type_, data=data)
        await connection.execute("UPDATE outbox SET aggregate_type = 'organization' WHERE type = $1", type_)
        await number(connection)
    held = await everything(ground, ada)
    (event,) = held["events"][1:]
    told = {"organization_id": organization, name: str(ada.id)}
    assert (event["type"], event["data"]) == (type_, told | ({other: None} if other else {}))


async def test_e13_where_somebody_was_is_told_to_them_and_to_nobody_once_they_were_erased(
    ground: SqlDossierGround,
) -> None:
    ada = await ground.announced("Ada")
    trail, own = SqlAuditTrails(ground.database, PLACES), EntryFilter(own=ada.id)
    held = await everything(ground, ada)
    assert [entry["where"] for entry in held["audit"]] == [{"address": "192.0.2.7", "client": "Firefox, Linux"}]
    assert [entry.where for entry in await trail.list(own, None, 10)] == [SeenAt("192.0.2.7", "Firefox, Linux")]

    async with ground.database.read() as connection:
        stored = await connection.fetchval("SELECT place FROM audit WHERE person_id = $1", ada.id)
        await connection.execute("DELETE FROM person_keys WHERE person_id = $1", ada.id)

    assert b"192.0.2.7" not in stored
    assert [entry.where for entry in await trail.list(own, None, 10)] == [None]


async def test_e13_what_cannot_be_opened_is_named_and_keeps_nothing_else_from_being_told(
    ground: SqlDossierGround,
) -> None:
    ada = await ground.announced("Ada")
    async with ground.database.read() as connection:
        await state(connection, ada.id, 2, data={"user_id": str(ada.id)})
        await number(connection)
        altered = (
            "UPDATE events SET data = jsonb_set(data, $2, '\"AAAA\"') WHERE aggregate_id = $1 AND aggregate_version = 1"
        )
        await connection.execute(altered, ada.id, [SEALED, "1"])
        stranger = DeploymentSeal(Sealed(b"a key that seals other places 32")).seal(None, b"{}", b"")
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")  # the database refuses it
            await connection.execute("UPDATE audit SET place = $2 WHERE person_id = $1", ada.id, stranger)

    held = await everything(ground, ada)

    assert [event.get("unopened") for event in held["events"]] == [True, None]
    assert "erased" not in held["events"][0]
    assert held["events"][0]["data"]["email"] is None
    assert [(entry["where"], entry.get("unopened")) for entry in held["audit"]] == [(None, True)]


async def test_whoever_waits_too_long_is_told_to_come_again(database: Database) -> None:
    dossiers = SqlDossiers(database, KEYS, PLACES, wait=0.05)
    for _ in range(2):
        await dossiers.room.acquire()
    with pytest.raises(Overloaded):
        await dossiers.find(UserId(uuid7()))
