"""Asking for events again."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.events.commands.replay_events import ReplayEvents
from domain.events.errors import EventTypeUnknown
from domain.events.ports import EVERYTHING, Wanted
from domain.events.reading import Course
from domain.events.schemas import FeedCursor
from domain.kernel.errors import CursorGone, CursorInvalid, Forbidden
from domain.kernel.ids import OrganizationId, uuid7
from domain.kernel.tokens import Tokens
from tests.support.app import App
from tests.support.builders.events import renamed
from tests.support.memory.events import MemoryEventLog


async def filled(app: App, events: int = 5) -> MemoryEventLog:
    for version in range(1, events + 1):
        await app.log.append(renamed(uuid7(), version))
    return app.log


async def asked(app: App, root: Tokens, **options: Any) -> Course:
    return await app.send(ReplayEvents(queue="people", **options), as_=root)


@pytest.fixture
async def root(app: App) -> Tokens:
    """The tokens of an administrator of the platform."""
    return await app.administrator()


async def test_it_goes_from_the_oldest_event_to_the_present_end(app: App, root: Tokens) -> None:
    log = await filled(app)
    assert await asked(app, root) == Course(FeedCursor(log.log, 0), len(log.events), EVERYTHING)
    log.dropped = 3
    assert (await asked(app, root)).start == FeedCursor(log.log, 3)


async def test_it_goes_on_after_a_cursor(app: App, root: Tokens) -> None:
    log = await filled(app)
    log.dropped = 2
    for place in (2, 3, 5):
        assert (await asked(app, root, after=f"{log.log}.{place}")).start == FeedCursor(log.log, place)


async def test_what_is_wanted_is_said(app: App, root: Tokens) -> None:
    await filled(app)
    mine, since = OrganizationId(uuid7()), datetime(2026, 1, 1, tzinfo=UTC)
    course = await asked(app, root, type=("identity.user.*",), organization_id=mine, since=since)
    assert (course.wanted, course.start.position) == (Wanted(("identity.user.*",), mine, since), 0)


async def test_what_was_archived_or_is_of_another_log_is_refused(app: App, root: Tokens) -> None:
    log = await filled(app)
    log.dropped = 3
    for cursor, refusal in (
        (f"{log.log}.2", CursorGone),
        (f"{uuid7()}.4", CursorGone),
        (f"{log.log}.{len(log.events) + 1}", CursorInvalid),
        ("4", CursorInvalid),
    ):
        with pytest.raises(refusal):
            await asked(app, root, after=cursor)
    with pytest.raises(EventTypeUnknown):
        await asked(app, root, type=("identity.user.creatd",))


async def test_only_those_who_read_everything_may(app: App) -> None:
    await app.signed_up()
    with pytest.raises(Forbidden):
        await app.send(ReplayEvents(queue="people"), as_=await app.signed_in())
