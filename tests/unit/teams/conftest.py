import pytest

from tests.support.app import App
from tests.support.world import World


@pytest.fixture
async def world(app: App) -> World:
    return await World.of(app)
