"""Starting late: the present state, and the proof that a copy of it is complete."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.events.errors import KindUnknown, ThingIdInvalid
from domain.events.queries import read_snapshot
from domain.events.queries.read_digest import ReadDigest
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.events.schemas import SnapshotEnd, SnapshotHead, Thing
from domain.kernel.errors import Forbidden
from domain.kernel.ids import OrganizationId, uuid7
from domain.kernel.tokens import Tokens
from domain.sessions.commands.sign_out import SignOut
from tests.support.app import App
from tests.support.memory.states import digest_of

Line = SnapshotHead | Thing | SnapshotEnd


def people(app: App, count: int) -> list[str]:
    """Have `count` people of version 1; return their ids in order."""
    made = sorted(str(uuid7()) for _ in range(count))
    for each in made:
        app.states.put(Thing("user", each, 1, None, {}))
    return made


async def snapshot(app: App, root: Tokens, **asked: Any) -> list[Line]:
    """Return the lines of a snapshot."""
    stream = await app.send(ReadSnapshot(**{"kind": "user"} | asked), as_=root)
    return [line for part in [part async for part in stream.parts] for line in part]


def ids(lines: Sequence[Line]) -> list[str]:
    return [line.id for line in lines if isinstance(line, Thing)]


async def test_it_begins_with_the_cursor_and_ends_by_saying_that_it_is_complete(app: App) -> None:
    root, known = await app.administrator(), people(app, 3)
    head, *things, end = await snapshot(app, root)
    assert head == SnapshotHead(str(await app.states.cursor()), "user")
    assert ids(things) == known
    assert end == SnapshotEnd(complete=True, next=None)


async def test_it_is_audited_with_its_kind_and_so_are_refusals(app: App) -> None:
    root = await app.administrator()
    await snapshot(app, root)
    await app.signed_up()
    with pytest.raises(Forbidden):
        await snapshot(app, await app.signed_in())
    said = [(entry.outcome, entry.target) for entry in app.memory.audited if entry.action == "events.snapshot.read"]
    assert said == [("done", "kind:user"), (Forbidden.code, "kind:user")]


async def test_parts_go_on_until_there_is_no_more(app: App) -> None:
    root, known = await app.administrator(), people(app, 5)
    seen: list[str] = []
    after = None
    for _ in range(10):
        lines = await snapshot(app, root, limit=2, after=after)
        seen += ids(lines)
        end = lines[-1]
        assert isinstance(end, SnapshotEnd)
        after = end.next
        if end.complete:
            break
    assert seen == known


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
async def test_it_is_read_in_batches(app: App, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(read_snapshot, "BATCH", 2)
    root, known = await app.administrator(), people(app, count)
    lines = await snapshot(app, root)
    assert ids(lines) == known
    assert lines[-1] == SnapshotEnd(complete=True, next=None)


async def test_who_signs_out_is_told_where_it_was_cut(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_snapshot, "BATCH", 2)
    root, known = await app.administrator(), people(app, 5)
    parts = (await app.send(ReadSnapshot(kind="user"), as_=root)).parts
    first = [await anext(parts), await anext(parts)]
    await app.send(SignOut(), as_=root)
    rest = [part async for part in parts]
    assert ids(first[1]) == known[:2]
    assert rest == [[SnapshotEnd(complete=False, next=known[1], refusal="access.invalid_token")]]


@pytest.mark.parametrize("kind", ["", "users", "user ", "outbox"])
async def test_f10_an_unknown_kind_is_refused(app: App, kind: str) -> None:
    root = await app.administrator()
    for message in (ReadSnapshot(kind=kind), ReadDigest(kind=kind)):
        with pytest.raises(KindUnknown):
            await app.send(message, as_=root)


async def test_people_belong_to_no_organization_and_parts_have_no_digest(app: App) -> None:
    root = await app.administrator()
    for message in (ReadSnapshot(kind="user", organization_id=OrganizationId(uuid7())), ReadDigest(kind="team_member")):
        with pytest.raises(KindUnknown):
            await app.send(message, as_=root)


async def test_an_id_of_another_kind_is_refused_before_anything_is_sent(app: App) -> None:
    with pytest.raises(ThingIdInvalid):
        await app.send(ReadSnapshot(kind="user", after="x"), as_=await app.administrator())


async def test_nobody_else_reads_them(app: App) -> None:
    await app.signed_up()
    ada = await app.signed_in()
    for message in (ReadSnapshot(kind="user"), ReadDigest(kind="user")):
        with pytest.raises(Forbidden):
            await app.send(message, as_=ada)


@pytest.mark.parametrize("parts", [1, 2, 16, 256])
async def test_ranges_follow_one_another_and_hold_everything(app: App, parts: int) -> None:
    root, known = await app.administrator(), people(app, 40)
    found = await app.send(ReadDigest(kind="user", parts=parts), as_=root)
    assert len(found.ranges) <= parts
    assert (found.ranges[0].first, found.ranges[-1].last) == (str(UUID(int=0)), str(UUID(int=2**128 - 1)))
    for one, other in zip(found.ranges, found.ranges[1:], strict=False):
        assert UUID(one.last).int + 1 == UUID(other.first).int
    assert sum(each.count for each in found.ranges) == 40
    for each in found.ranges:
        held = {id_: 1 for id_ in known if each.first <= id_ <= each.last}
        assert (each.count, each.digest) == (len(held), f"{digest_of(held):016x}")


async def test_what_differs_is_found_by_asking_for_less(app: App) -> None:
    root, known = await app.administrator(), people(app, 300)
    mine = dict.fromkeys(known, 1)
    del mine[known[123]]
    first, last, asked = str(UUID(int=0)), str(UUID(int=2**128 - 1)), 0
    while True:
        asked += 1
        found = await app.send(ReadDigest(kind="user", first=UUID(first), last=UUID(last)), as_=root)
        (wrong,) = [
            each
            for each in found.ranges
            if each.digest != f"{digest_of({k: v for k, v in mine.items() if each.first <= k <= each.last}):016x}"
        ]
        if wrong.count == 1:
            break
        first, last = wrong.first, wrong.last
    assert wrong.first <= known[123] <= wrong.last
    assert asked < 30
