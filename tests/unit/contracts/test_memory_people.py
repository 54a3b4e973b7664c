"""People and sessions in memory keep the promises of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from domain.kernel.ids import SessionId
from domain.kernel.revocation import Marker
from domain.sessions.models import Lifetimes, Session
from tests.contracts.links import LinksContract
from tests.contracts.people import IDLE, LIFETIMES, TOKEN, Ports
from tests.contracts.presented_tokens import PresentedTokensContract
from tests.contracts.profiles import ProfilesContract
from tests.contracts.refresh_families import RefreshFamiliesContract
from tests.contracts.sessions import SessionEndingContract, SessionListsContract, SessionsContract
from tests.contracts.superusers import SetupContract, SuperusersContract
from tests.contracts.users import CredentialsContract, UsersContract
from tests.support.memory.identity import (
    MemoryCredentials,
    MemoryFailures,
    MemoryLinkReader,
    MemoryLinks,
    MemoryPasswordHashes,
    MemoryProfiles,
    MemorySetup,
    MemorySuperusers,
    MemoryUsers,
)
from tests.support.memory.ports import MovableClock
from tests.support.memory.sessions import (
    FAMILIES,
    MemoryPresentedTokens,
    MemoryRefreshFamilies,
    MemorySessionEnding,
    MemorySessionLists,
    MemorySessions,
    PlainAccessTokens,
)
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        self.credentials = MemoryCredentials(self.memory)
        self.links = MemoryLinkReader(self.memory)
        self.profiles = self.lists = MemoryProfiles(self.memory)
        self.session_lists = MemorySessionLists(self.memory, self.clock, LIFETIMES)
        self.idling = (
            MemoryRefreshFamilies(self.memory, self.clock, idle=IDLE),
            MemorySessionLists(self.memory, self.clock, Lifetimes(idle=IDLE)),
        )
        self.families = MemoryRefreshFamilies(self.memory, self.clock)
        self.presented = MemoryPresentedTokens(self.memory)
        self.strict = MemoryRefreshFamilies(self.memory, self.clock, timedelta())

    def access_token(self, session: Session) -> str:
        token, _ = PlainAccessTokens(self.clock).issue(
            session.user_id,
            session.id,
            None,
            1,
            factors=session.factors,
            authenticated_at=session.created_at,
            until=session.expires_at,
        )
        return token

    async def hear(self, marker: Marker) -> None:
        self.memory.revocations[marker.scope, marker.id] = marker

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = MemoryWork(self.memory, self.clock)
        try:
            yield Ports(
                work,
                MemoryUsers(work),
                MemoryPasswordHashes(work),
                MemoryFailures(work),
                MemorySuperusers(work),
                MemorySetup(work, TOKEN),
                MemorySessions(work, LIFETIMES),
                MemorySessionEnding(work, LIFETIMES),
                MemoryLinks(work),
            )
            await work.commit()
        finally:
            await work.rollback()

    def now(self) -> datetime:
        return self.clock.now()

    async def lose(self, session_id: SessionId, rotations: int) -> None:
        (family,) = (each for each in self.memory.table(FAMILIES).values() if each.session_id == session_id)
        family.generation -= rotations
        family.rotations = family.rotations[rotations:]

    async def pass_by(self, time: timedelta) -> None:
        self.clock.pass_by(time)


@pytest.fixture
def ground() -> MemoryGround:
    return MemoryGround()


class TestMemoryUsers(UsersContract):
    pass


class TestMemoryCredentials(CredentialsContract):
    pass


class TestMemoryLinks(LinksContract):
    pass


class TestMemorySuperusers(SuperusersContract):
    pass


class TestMemorySetup(SetupContract):
    pass


class TestMemoryProfiles(ProfilesContract):
    pass


class TestMemorySessions(SessionsContract):
    pass


class TestMemorySessionEnding(SessionEndingContract):
    pass


class TestMemorySessionLists(SessionListsContract):
    pass


class TestMemoryPresentedTokens(PresentedTokensContract):
    pass


class TestMemoryRefreshFamilies(RefreshFamiliesContract):
    pass
