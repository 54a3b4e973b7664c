"""Rings for the tests."""

import pytest

from domain.kernel.tokens import Tokens
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.queries.list_keys import ListKeys
from domain.keys.schemas import KeyDetails
from tests.support.app import App


class Ring:
    """The keys of an application, and an administrator who looks at them."""

    def __init__(self, app: App, root: Tokens) -> None:
        self.app, self.root = app, root

    async def tend(self) -> None:
        """Do what is due."""
        await self.app.send(TendKeys(), as_=self.root)

    async def keys(self) -> list[KeyDetails]:
        """Return the keys, the newest first."""
        return (await self.app.send(ListKeys(), as_=self.root)).items

    async def states(self) -> dict[str, str]:
        """Return how far each key has come, by its id."""
        return {key.kid: key.state.value for key in await self.keys()}

    async def one(self, state: str) -> KeyDetails:
        """Return the one key in a state."""
        (found,) = [key for key in await self.keys() if key.state.value == state]
        return found

    def told(self) -> list[str]:
        """Return what was announced about keys."""
        return [fact.type.rpartition(".")[2] for fact in self.app.facts if fact.aggregate_type == "key"]


@pytest.fixture
async def ring(app: App) -> Ring:
    return Ring(app, await app.administrator())
