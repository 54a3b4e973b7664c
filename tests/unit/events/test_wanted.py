"""Reading some of what was announced."""

import asyncio
import re

import pytest

from domain.access.commands.create_role import CreateRole
from domain.events.errors import EventTypeUnknown
from domain.events.patterns import expression
from domain.events.queries.read_feed import LOOKS, ReadFeed
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.events.queries.stream_feed import StreamFeed
from domain.events.schemas import Feed
from domain.identity.queries.get_me import GetMe
from domain.kernel.errors import BypassRequired, Forbidden, OrganizationNotFound
from domain.kernel.ids import OrganizationId, uuid7
from domain.kernel.tokens import Tokens
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.create_organization import CreateOrganization
from tests.support.app import App
from tests.support.builders.events import renamed
from tests.support.memory.events import MemoryEventLog, read_feed

CREATED = "identity.user.created"


async def filled(*types: str) -> MemoryEventLog:
    log = MemoryEventLog()
    for kind in types:
        await log.append(renamed(uuid7(), 1, kind))
    return log


def positions(feed: Feed) -> list[int]:
    return [int(event["sequence"]) for event in feed.items]


async def test_the_cursor_passes_what_was_not_wanted() -> None:
    log = await filled(CREATED, *["teams.team.moved"] * 5)
    feed = await read_feed(log, ReadFeed(type=("identity.user.*",)))
    assert (positions(feed), feed.next, feed.more) == ([1], f"{log.log}.6", False)


async def test_a_full_part_goes_on_right_behind_its_last_event() -> None:
    log = await filled(CREATED, "teams.team.moved", CREATED, "teams.team.moved")
    feed = await read_feed(log, ReadFeed(type=(CREATED,), limit=1))
    assert (positions(feed), feed.next, feed.more) == ([1], f"{log.log}.1", True)


async def test_one_request_does_not_go_through_the_whole_log() -> None:
    log = await filled(*["teams.team.moved"] * (LOOKS + 5), CREATED)
    log.looks_at = 1
    feed = await read_feed(log, ReadFeed(type=(CREATED,), wait=30))
    assert (feed.items, feed.next, feed.more) == ([], f"{log.log}.{LOOKS}", True)
    feed = await read_feed(log, ReadFeed(type=(CREATED,), after=feed.next))
    assert positions(feed) == [LOOKS + 6]


async def test_waiting_goes_on_until_something_wanted_arrives() -> None:
    log = await filled(CREATED)
    waiting = asyncio.create_task(read_feed(log, ReadFeed(after=f"{log.log}.1", type=(CREATED,), wait=30)))
    for kind in ("teams.team.moved", "teams.team.moved", CREATED):
        log.awaited.clear()
        await log.append(renamed(uuid7(), 1, kind))
        if kind != CREATED:
            await asyncio.wait_for(log.awaited.wait(), 5)
            assert not waiting.done()
    assert positions(await asyncio.wait_for(waiting, 5)) == [4]


async def test_waiting_in_vain_moves_on_too() -> None:
    log = await filled(CREATED)
    waiting = asyncio.create_task(read_feed(log, ReadFeed(after=f"{log.log}.1", type=(CREATED,), wait=1)))
    await log.append(renamed(uuid7(), 1, "teams.team.moved"))
    feed = await asyncio.wait_for(waiting, 5)
    assert (feed.items, feed.next) == ([], f"{log.log}.2")


@pytest.mark.parametrize(
    "pattern", ["identity.user.creatd", "identity.user", "identity.*", "*", "#", "identity.user.c*", "a.b.c.d", "(.*)"]
)
async def test_f10_a_pattern_that_no_type_matches_is_refused(pattern: str) -> None:
    with pytest.raises(EventTypeUnknown):
        await read_feed(MemoryEventLog(), ReadFeed(type=(CREATED, pattern)))


def test_segments_are_whole() -> None:
    matches = re.compile(expression(["identity.user.*", "*.team.moved"])).fullmatch
    assert matches("identity.user.created")
    assert matches("teams.team.moved")
    for other in ("identity.users.created", "identity.user.a.b", "identity-user-created", "x.team.moved.y"):
        assert not matches(other)


async def owner(app: App) -> tuple[Tokens, OrganizationId]:
    """Return somebody who owns an organization."""
    await app.signed_up("owner@example.com")
    tokens = await app.signed_in("owner@example.com")
    made = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=tokens)
    return tokens, OrganizationId(made.id)


async def test_an_organization_reads_its_own_events_only(app: App) -> None:
    tokens, mine = await owner(app)
    for organization in (mine, uuid7(), None):
        await app.log.append(renamed(uuid7(), 1, "teams.team.moved", organization))
    feed = await app.send(ReadFeed(organization_id=mine), as_=tokens)
    assert positions(feed) == [1]
    with pytest.raises(Forbidden):
        await app.send(ReadFeed(), as_=tokens)


async def test_what_is_streamed_of_an_organization_is_counted_for_its_reader_and_the_rest_for_nobody(app: App) -> None:
    tokens, mine = await owner(app)
    root, me = await app.administrator(), (await app.send(GetMe(), as_=tokens)).id
    assert (await app.send(StreamFeed(organization_id=mine), as_=tokens)).member == me
    assert (await app.send(ReadSnapshot(kind="team", organization_id=mine), as_=tokens)).member == me
    assert (await app.send(StreamFeed(), as_=root)).member is None
    assert (await app.send(ReadSnapshot(kind="team"), as_=root)).member is None


async def test_others_are_told_that_there_is_no_such_organization(app: App) -> None:
    _, mine = await owner(app)
    await app.signed_up("eve@example.com")
    eve = await app.signed_in("eve@example.com")
    for organization in (mine, OrganizationId(uuid7())):
        with pytest.raises(OrganizationNotFound):
            await app.send(ReadFeed(organization_id=organization), as_=eve)


async def test_an_administrator_of_the_platform_reads_any_organizations(app: App) -> None:
    _, theirs = await owner(app)
    await app.log.append(renamed(uuid7(), 1, "teams.team.moved", theirs))
    feed = await app.send(ReadFeed(organization_id=theirs), as_=await app.administrator())
    assert positions(feed) == [1]


async def test_who_does_not_see_over_walls_is_refused(app: App) -> None:
    tokens, mine = await owner(app)
    ada = await app.signed_up()
    await app.send(CreateRole(organization_id=mine, name="reader", permissions=["events:read"]), as_=tokens)
    joining = AddMember(organization_id=mine, user_id=ada.id, role="reader")
    await app.send(joining, as_=await app.administrator())
    with pytest.raises(BypassRequired):
        await app.send(ReadFeed(organization_id=mine), as_=await app.signed_in())
