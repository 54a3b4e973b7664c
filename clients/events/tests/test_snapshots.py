"""What is taken for a part of a snapshot, and what is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from copies import PEOPLE, Desk
from gatewright_events.asking import NoAnswer, Refused

ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.inbox.database.close()


GOOD = {"kind": "user", "id": str(ADA), "version": 1, "organization_id": None, "data": {"name": "Ada"}}
HEAD, END = {"cursor": "log.1", "kind": "user"}, {"complete": True, "next": None, "refusal": None}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [HEAD],
        [HEAD, GOOD],
        [HEAD, {**GOOD, "version": True}, END],
        [HEAD, {**GOOD, "version": -1}, END],
        [HEAD, {**GOOD, "id": "ada"}, END],
        [HEAD, {**GOOD, "data": []}, END],
        [HEAD, {**GOOD, "kind": "team"}, END],
        [HEAD, GOOD, GOOD, END],
        [HEAD, {**GOOD, "id": str(BOB)}, GOOD, END],
        [HEAD, [], END],
        [{"cursor": 1, "kind": "user"}, GOOD, END],
        [HEAD, GOOD, {"complete": False, "next": None}],
        [HEAD, GOOD, {"complete": False, "next": str(BOB)}],
        [HEAD, {"complete": False, "next": str(ADA), "refusal": "auth.forbidden"}],
    ],
)
async def test_an_answer_that_is_no_snapshot_loads_nothing(
    desk: Desk, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    monkeypatch.setattr(desk.gatewright, "answer", lambda _: httpx2.Response(200, text=text))
    with pytest.raises(NoAnswer, match="not with a snapshot"):
        await desk.subscribed(PEOPLE).take()
    assert desk.inbox.database.execute("SELECT count(*) FROM people").fetchone() == (0,)


async def test_who_may_not_read_is_told_so(desk: Desk) -> None:
    subscriber = desk.subscribed(PEOPLE)
    subscriber.credential = "another"
    with pytest.raises(Refused):
        await subscriber.run()
