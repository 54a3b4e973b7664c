"""Changes tried in memory are told of as those on Postgres."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.kernel.ids import UserId, uuid7
from domain.kernel.tokens import Tokens
from tests.contracts.simulating import TrialsContract, office
from tests.support.app import App

__all__ = ["office"]


@dataclass
class MemorySite:
    app: App = field(default_factory=App)
    tokens: dict[UserId, Tokens] = field(default_factory=dict)

    async def stranger(self) -> UserId:
        email = f"{uuid7()}@example.com"
        made = await self.app.signed_up(email)
        self.tokens[made.id] = await self.app.signed_in(email)
        return made.id

    async def superuser(self) -> UserId:
        made = await self.stranger()
        self.app.name_superuser(made)
        return made

    async def send(self, message: Any, by: UserId) -> Any:
        return await self.app.send(message, as_=self.tokens[by])


@pytest.fixture
def site() -> MemorySite:
    return MemorySite()


class TestMemoryTrials(TrialsContract):
    pass
