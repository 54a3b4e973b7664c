"""What it means that the broker closed the channel."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiormq import exceptions

from core.personal import PersonalKeys
from core.rabbit.frames import Framing
from core.rabbit.publishing import ChannelLost, Line, NotSent


async def lost(error: Exception) -> NotSent:
    """Return what a line says when its channel was closed with `error`."""
    closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    said: asyncio.Future[NotSent] = asyncio.get_running_loop().create_future()
    channel: Any = SimpleNamespace(closing=closing)
    Line(channel, Framing("auth.events", "/auth", PersonalKeys(), 1, 100)).watch(said.set_result)
    closing.set_exception(error)
    return await said


async def test_what_is_too_large_may_be_an_event_at_fault() -> None:
    assert isinstance(await lost(exceptions.ChannelPreconditionFailed("message size is too large")), ChannelLost)


@pytest.mark.parametrize(
    "kind",
    [exceptions.ChannelAccessRefused, exceptions.ChannelNotFoundEntity, exceptions.ConnectionClosed],
)
async def test_no_event_is_blamed_for_what_meets_them_all(kind: type[Exception]) -> None:
    assert type(await lost(kind("the account may not publish"))) is NotSent
