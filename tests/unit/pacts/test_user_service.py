"""What the example relies on in events (Pact message contracts), and that commands announce just that."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from pact import Pact, Verifier, match
from pact.types import Message

from core.cloudevents import MEDIA_TYPE, cloud_event, encode
from core.personal import PersonalKeys
from core.postgres.flush import Fact
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.identity.commands.update_me import UpdateMe
from examples.user_service.__main__ import consumer
from tests.support.app import App

ADA: Final = "01a20152-8a1e-7b95-bab4-3ecd3b3f6a12"
KEYS: Final = PersonalKeys((b"a key for personal data of 32 byt",))
PROFILE: Final = {"email": match.regex("ada@example.com", regex=r".+@.+"), "full_name": match.type("Ada Lovelace")}
RELIED_ON: Final[dict[str, dict[str, Any]]] = {
    "identity.user.created": PROFILE,
    "identity.user.updated": PROFILE,
    "identity.user.deactivated": {},
    "identity.user.reactivated": {},
    "identity.user.erased": {},
}
"""What the projection reads of `data`, by type, in the order in which it happens to a person."""


def expected(version: int, type_: str) -> dict[str, Any]:
    """Return what is relied on in an event."""
    return {
        "specversion": "1.0",
        "id": match.type(f"01a20152-8a1e-7b95-bab4-{version:012}"),
        "source": match.type("/auth"),
        "type": type_,
        "time": match.regex("2026-01-02T03:04:05Z", regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
        "aggregatetype": "user",
        "aggregateid": match.uuid(ADA),
        "aggregateversion": version,
        "schemaversion": 1,
        "data": RELIED_ON[type_],
    }


def promise(more: dict[str, Any] | None = None) -> Pact:
    """Return the pact; `more` is relied on in the data of every event as well."""
    pact = Pact("user_service", "gatewright").with_specification("V4")
    for version, type_ in enumerate(RELIED_ON, 1):
        body = expected(version, type_)
        body["data"] = body["data"] | (more or {})
        pact.upon_receiving(type_, "Async").given("Ada has an account").with_body(body, MEDIA_TYPE)
    return pact


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Pact], Path]:
    def write(pact: Pact) -> Path:
        pact.write_file(tmp_path)
        return tmp_path / "user_service-gatewright.json"

    return write


async def test_the_consumer_needs_nothing_beyond_what_it_relies_on(tmp_path: Path) -> None:
    taken: list[str] = []

    def take(body: str | bytes | None, _: dict[str, object]) -> None:
        assert body

        async def run() -> None:
            taking = consumer(str(tmp_path / f"{len(taken)}.sqlite3"))
            event = json.loads(body)
            taken.append(event["type"])
            outcome = await taking.take(body, in_order=True)
            assert (outcome, await taking.letters()) == ("handled", [])

        asyncio.run(run())

    await asyncio.to_thread(promise().verify, take, "Async")
    assert sorted(taken) == sorted(RELIED_ON)


async def test_commands_announce_what_the_consumer_relies_on(app: App, written: Callable[[Pact], Path]) -> None:
    said = await announced(app)
    await asyncio.to_thread(verifier(said, written(promise())).verify)


async def test_what_nobody_announces_breaks_the_pact(app: App, written: Callable[[Pact], Path]) -> None:
    said = await announced(app)
    broken = verifier(said, written(promise({"shoe_size": match.integer(42)})))
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(broken.verify)
    assert len(broken.results["errors"]) == len(RELIED_ON)
    assert all("shoe_size" in str(each) for each in broken.results["errors"])


async def announced(app: App) -> dict[str, bytes]:
    """Return what commands announce of Ada, by type, as it is published."""
    root = await app.administrator()
    ada = await app.signed_up(email="ada@example.com", full_name="Ada Lovelace")
    await app.send(UpdateMe(full_name="Ada King"), as_=await app.signed_in())
    said: dict[str, bytes] = {}
    for message in (DeactivateUser(user_id=ada.id), ReactivateUser(user_id=ada.id), DeleteUser(user_id=ada.id)):
        await app.send(message, as_=root)
        # Erasing her blanks what was said before.
        said = _published(app.facts, ada.id) | said
    return said


def verifier(said: dict[str, bytes], pact: Path) -> Verifier:
    """Return what compares `said` with a pact."""

    def produce(name: str, metadata: dict[str, Any] | None = None) -> Message:
        return Message(contents=said[name], metadata=None, content_type=MEDIA_TYPE)

    # The state was brought about by the commands that said all this.
    return (
        Verifier("gatewright")
        .message_handler(produce)
        .state_handler({"Ada has an account": lambda **_: None}, teardown=False)
        .add_source(pact)
    )


def _published(facts: list[Fact], of: UUID) -> dict[str, bytes]:
    now = datetime.now(UTC)
    rows = (
        {**asdict(fact), "position": place, "occurred_at": now, "slot": 0, "salt": None}
        for place, fact in enumerate(facts, 1)
        if fact.aggregate_id == of
    )
    texts = ({**row, "data": msgspec.json.encode(row["data"]).decode()} for row in rows)
    return {row["type"]: encode(cloud_event(row, "/auth", KEYS)) for row in texts}
