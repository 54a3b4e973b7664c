"""What an erasure destroys in Postgres, and what it leaves alone."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock
from core.erasing import ERASE, ErasureFinishing, MailFolder, SealedPerson
from core.idempotency import Claim
from core.jobs.registry import Unrepeatable
from core.keys import Keys
from core.mail import JobMailer
from core.personal import SEALED, PersonalKeys
from core.postgres.database import Database
from core.postgres.erasing import FinishedErasures, Published
from core.postgres.erasures import SqlErasureLists, SqlErasures
from core.postgres.idempotency import SqlIdempotency
from core.postgres.people import SqlUsers
from core.postgres.scrubbing import TABLES
from core.postgres.work import SqlWork
from core.reapplying import Reapplying
from core.secrets import Secrets, seal
from core.settings import Settings
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.events import UserErased
from domain.identity.models import User
from domain.identity.registration import updated
from domain.kernel.ids import UserId, uuid7
from domain.kernel.mails import PasswordChangedMail
from domain.sessions.models import Lifetimes
from tests.integration.erasure.test_sealed_events import KEYS, OLD, announced, rows, shown, work
from tests.support.facts import number, state

SECRETS = Secrets(OLD)
PERSONAL = """
SELECT attrelid::regclass::text AS name, attname FROM pg_attribute a
WHERE attnum > 0 AND attname IN ('email', 'username', 'full_name', 'user_agent', 'address') AND attstattarget <> 0
  AND (SELECT relkind = 'r' AND relnamespace = 'public'::regnamespace FROM pg_class WHERE oid = attrelid)
"""


async def erase(database: Database, user: User, policy: ErasurePolicy | None = None) -> None:
    doing = work(database)
    found = await SqlUsers(doing).get(user.id)
    await SqlErasures(doing, KEYS, seal(SECRETS)).erase(found, SystemClock().now(), policy or ErasurePolicy())
    await SqlUsers(doing).remove(found)
    doing.emit(UserErased(user_id=user.id, occurred_at=SystemClock().now()), of=found)
    await doing.commit()


async def mail(database: Database, address: str, keys: PersonalKeys = KEYS) -> None:
    doing = work(database, keys)
    JobMailer(doing, seal(SECRETS)).send(address, PasswordChangedMail())
    await doing.commit()


async def moved(database: Database, user: User, email: str) -> None:
    """Give somebody another address, and say so."""
    doing = work(database)
    found: Any = await SqlUsers(doing).get(user.id)
    found.email = email
    doing.emit(updated(found), of=found)
    await doing.commit()


async def queued(database: Database) -> int:
    ((count,),) = await rows(database, "SELECT count(*) FROM jobs WHERE name = 'send_mail'")
    return int(count)


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    await rows(database, "TRUNCATE jobs")


async def test_e13_queued_mails_to_any_address_they_ever_had_are_gone(database: Database) -> None:
    user, other = await announced(database), await announced(database)
    later = f"{uuid7().hex}@example.org"
    await moved(database, user, later)
    for address in (user.email, later, other.email):
        await mail(database, address)
    assert await queued(database) == 3

    await erase(database, user)

    assert await queued(database) == 1


async def test_what_is_for_whoever_has_the_address_now_is_theirs(database: Database) -> None:
    user = await announced(database)
    await moved(database, user, f"{uuid7().hex}@example.org")
    other = await announced(database)
    await rows(database, "UPDATE users SET email = $2 WHERE id = $1", other.id, user.email)
    await mail(database, user.email)

    await erase(database, user)

    assert await queued(database) == 1


async def test_e13_mails_that_were_queued_under_a_former_secret_are_gone_too(database: Database) -> None:
    user = await announced(database)
    new = b"a master secret of the present year"
    await mail(database, user.email)
    doing = work(database, PersonalKeys.of(Secrets(new, (OLD,))))
    found = await SqlUsers(doing).get(user.id)
    await SqlErasures(doing, doing.people, seal(SECRETS)).erase(found, SystemClock().now(), ErasurePolicy())
    await doing.commit()
    assert await queued(database) == 0


async def test_e13_an_event_that_cannot_be_opened_keeps_nobody_from_being_erased(database: Database) -> None:
    user = await announced(database)
    former = f"{uuid7().hex}@example.org"
    await moved(database, user, former)
    await moved(database, user, f"{uuid7().hex}@example.org")
    await mail(database, former)
    altered = (
        "UPDATE outbox SET data = jsonb_set(data, $2, '\"AAAA\"') WHERE aggregate_id = $1 AND aggregate_version = 1"
    )
    await rows(database, altered, user.id, [SEALED, "1"])

    await erase(database, user)

    assert not await rows(database, "SELECT FROM person_keys WHERE person_id = $1", user.id)
    assert await queued(database) == 0  # what the other events tell is known
    told = await shown(database, user)
    assert [event.get("erased") for event in told] == [True, True, True, None]


def announces(doing: SqlWork, user: User) -> None:
    doing.emit(updated(user), of=user)


def mails(doing: SqlWork, user: User) -> None:
    JobMailer(doing, seal(SECRETS)).send(user.email, PasswordChangedMail())


def changes_nothing(doing: SqlWork, user: User) -> None:
    """It is the request that names them."""


@pytest.mark.parametrize("does", [announces, mails, changes_nothing])
async def test_e13_answers_that_show_them_are_gone(database: Database, does: Callable[[SqlWork, User], None]) -> None:
    user, other = await announced(database), await announced(database)
    for each in (user, other):
        doing = work(database)
        keys = SqlIdempotency(doing, seal(SECRETS), b"fingerprints")
        person = each.id if does is changes_nothing else None
        keys.claim(Claim("user:1", str(each.id), b"request", person))
        does(doing, await SqlUsers(doing).get(each.id))
        keys.keep(b'{"email":"somebody"}')
        await doing.commit()

    await erase(database, user)

    kept = await rows(database, "SELECT key FROM idempotency_keys WHERE actor = 'user:1'")
    assert [row["key"] for row in kept] == [str(other.id)]
    await rows(database, "DELETE FROM idempotency_keys")


@pytest.mark.parametrize("numbered", [False, True])
async def test_e13_what_the_release_before_announced_is_emptied(database: Database, *, numbered: bool) -> None:
    user = await announced(database)
    data = {"user_id": str(user.id), "email": user.email, "username": None, "full_name": "Ada", "email_verified": True}
    async with database.read() as connection:
        await state(connection, user.id, 2, type="identity.user.updated", data=data)
        if numbered:
            await number(connection)

    await erase(database, user)

    _, plain, _ = await shown(database, user)
    assert plain["erased"]
    assert plain["data"] == data | {"email": None, "full_name": None}


async def test_e13_nothing_of_others_is_touched(database: Database) -> None:
    user, other = await announced(database), await announced(database)
    before = [
        await rows(database, f"SELECT t::text FROM {table} t WHERE t::text LIKE $1", f"%{other.id}%")
        for table in TABLES
    ]
    await erase(database, user)
    assert before == [
        await rows(database, f"SELECT t::text FROM {table} t WHERE t::text LIKE $1", f"%{other.id}%")
        for table in TABLES
    ]
    assert (await shown(database, other))[0]["data"]["email"] == other.email


async def test_e13_the_planner_keeps_no_samples_of_people(database: Database) -> None:
    assert await rows(database, PERSONAL) == []


async def finishing(database: Database, folder: Path) -> tuple[ErasureFinishing, SealedPerson]:
    ((text,),) = await rows(database, "SELECT payload FROM jobs WHERE name = $1", ERASE)
    job = ErasureFinishing([MailFolder(folder)], FinishedErasures(database), seal(SECRETS))
    return job, msgspec.json.decode(text, type=SealedPerson)


def letter(folder: Path, to: str) -> Path:
    path = folder / f"{uuid7()}.eml"
    path.write_text(f"From: gatewright@localhost\nTo: {to}\nSubject: Hello\n\nHello {to}\n")
    return path


async def test_e13_mails_in_the_folder_are_deleted_and_the_erasure_is_finished(
    database: Database, tmp_path: Path
) -> None:
    user = await announced(database)
    theirs, upper, other = (letter(tmp_path, to) for to in (user.email, user.email.upper(), "other@example.org"))
    await erase(database, user)
    job, payload = await finishing(database, tmp_path)
    assert user.email not in str(await rows(database, "SELECT payload::text FROM jobs"))

    for _ in range(2):
        await job.run(payload, uuid7())

    assert [path.exists() for path in (theirs, upper, other)] == [False, False, True]
    done = await SqlErasureLists(database).find(user.id, SystemClock().now())
    assert done
    assert done.finished_at


async def test_what_was_altered_is_not_tried_again(database: Database, tmp_path: Path) -> None:
    await erase(database, await announced(database))
    job, payload = await finishing(database, tmp_path)
    with pytest.raises(Unrepeatable):
        await job.run(SealedPerson(uuid7(), payload.sealed), uuid7())


async def test_e13_the_broker_has_to_have_confirmed_the_erasure_first(database: Database) -> None:
    user = await announced(database)
    await erase(database, user)
    sink = f"sink{uuid7().hex}"
    published = Published(database, sink)
    assert not await published(user.id)
    async with database.read() as connection:
        await number(connection)
    await rows(database, "INSERT INTO delivery_cursors SELECT $1, slot, 0 FROM generate_series(0, 15) slot", sink)
    assert not await published(user.id)
    await rows(
        database, "UPDATE delivery_cursors SET position = (SELECT max(position) FROM events) WHERE sink = $1", sink
    )
    assert await published(user.id)


async def test_e13_whoever_is_back_from_a_backup_is_erased_again(database: Database, tmp_path: Path) -> None:
    user = await announced(database)
    keys = Keys.read(Settings(data_dir=tmp_path))
    again = Reapplying(database, keys, ErasurePolicy(("crm",), timedelta(days=1)), Lifetimes())
    # Their events were sealed under another master secret, which nobody has: their present address is known all the same.

    assert await again(user.id)
    assert not await again(user.id)
    assert not await again(UserId(uuid7()))

    assert not await rows(database, "SELECT FROM users WHERE id = $1", user.id)
    assert [event["type"] for event in await shown(database, user)][-1] == "identity.user.erased"
    assert await rows(database, "SELECT FROM audit WHERE actor = 'operator' AND target = $1", f"user:{user.id}")
