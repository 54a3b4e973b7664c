"""What may happen to somebody while they wait for events."""

import asyncio

import pytest

from domain.events.queries.read_feed import ReadFeed
from domain.events.schemas import Feed
from domain.kernel.errors import Forbidden, InvalidToken
from domain.kernel.ids import uuid7
from domain.kernel.tokens import Tokens
from domain.sessions.commands.sign_out import SignOut
from tests.support.app import App
from tests.support.builders.events import renamed
from tests.support.memory.tables import GRANTS


async def waiting(app: App, root: Tokens) -> asyncio.Task[Feed]:
    """Return the request of somebody who is being kept waiting."""
    request = asyncio.create_task(app.send(ReadFeed(after=f"{app.log.log}.0", wait=30), as_=root))
    await asyncio.wait_for(app.log.awaited.wait(), 5)
    return request


async def test_who_still_may_gets_the_event(app: App) -> None:
    request = await waiting(app, await app.administrator())

    await app.log.append(renamed(uuid7(), 1))

    assert len((await asyncio.wait_for(request, 5)).items) == 1


async def test_who_signed_out_meanwhile_gets_nothing(app: App) -> None:
    root = await app.administrator()
    request = await waiting(app, root)

    await app.send(SignOut(), as_=root)
    await app.log.append(renamed(uuid7(), 1))

    with pytest.raises(InvalidToken):
        await asyncio.wait_for(request, 5)


async def test_who_lost_the_permission_meanwhile_gets_nothing(app: App) -> None:
    request = await waiting(app, await app.administrator())

    app.memory.table(GRANTS).clear()
    await app.log.append(renamed(uuid7(), 1))

    with pytest.raises(Forbidden):
        await asyncio.wait_for(request, 5)
