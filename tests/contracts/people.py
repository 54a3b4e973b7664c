"""What the suites of people and sessions need of an adapter."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from core.keys import SetupToken
from core.pipeline import UnitOfWork
from domain.identity.models import Credential, EmailAddress, User
from domain.identity.ports import Credentials, Failures, LinkReader, SessionEnding, Setup, Superusers
from domain.identity.readers import ProfileLists, Profiles
from domain.identity.repositories import Links, PasswordHashes, Users
from domain.kernel.events import Events
from domain.kernel.ids import SessionId, UserId
from domain.kernel.revocation import Marker
from domain.sessions.models import Lifetimes, Session
from domain.sessions.ports import PresentedTokens, RefreshFamilies, SessionLists
from domain.sessions.repositories import Sessions

LIFETIMES = Lifetimes()
GRACE = timedelta(seconds=30)
IDLE = timedelta(hours=1)
SETUP = SetupToken(b"a key for the setup in tests")
TOKEN = str(SETUP)


class Work(UnitOfWork, Events, Protocol):
    """A transaction that takes facts."""


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    work: Work
    users: Users
    hashes: PasswordHashes
    failures: Failures
    superusers: Superusers
    setup: Setup
    sessions: Sessions
    ending: SessionEnding
    links: Links


class Ground(Protocol):
    """Makes transactions, and reads what they committed. Holds nobody at first."""

    @property
    def credentials(self) -> Credentials: ...

    @property
    def links(self) -> LinkReader: ...

    @property
    def profiles(self) -> Profiles: ...

    @property
    def lists(self) -> ProfileLists: ...

    @property
    def session_lists(self) -> SessionLists: ...

    @property
    def families(self) -> RefreshFamilies: ...

    @property
    def strict(self) -> RefreshFamilies:
        """The same families, without a grace."""

    @property
    def idling(self) -> tuple[RefreshFamilies, SessionLists]:
        """The same families and sessions, which end when they are not refreshed within `IDLE`."""

    @property
    def presented(self) -> PresentedTokens: ...

    def access_token(self, session: Session) -> str:
        """Issue an access token."""

    async def hear(self, marker: Marker) -> None:
        """Let what verifies access tokens hear of a revocation."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    def now(self) -> datetime:
        """Tell the time as the adapter sees it, to the microsecond."""

    async def lose(self, session_id: SessionId, rotations: int) -> None:
        """Forget the last rotations of a session's tokens, as a failover or a restored backup does."""

    async def pass_by(self, time: timedelta) -> None:
        """Let `time` pass for sessions and refresh tokens."""


def person(email: str = "ada@example.com", **more: Any) -> User:
    """Return a person who was not added yet."""
    at = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    known: dict[str, Any] = {"email": EmailAddress(email), "created_at": at, "updated_at": at, "version": 1}
    return User(**known | more)


def session_of(ground: Ground, user: User, **more: Any) -> Session:
    """Return a session that was not started yet."""
    now = ground.now()
    known: dict[str, Any] = {"user_id": user.id, "factors": ["pwd"], "version": 1}
    return Session(**known | {"created_at": now, "expires_at": now + LIFETIMES.refresh} | more)


async def added(ground: Ground, email: str = "ada@example.com", password: str | None = None, **more: Any) -> User:
    """Return a person who was added, with `password` as their hash."""
    user = person(email, **more)
    async with ground.transaction() as ports:
        await ports.users.add(user)
        if password is not None:
            await ports.hashes.put(Credential(user_id=user.id, password_hash=password, changed_at=user.created_at))
    return user


async def started(ground: Ground, user: User, **more: Any) -> tuple[Session, str]:
    """Return a session that was started, and its refresh token."""
    session = session_of(ground, user, **more)
    async with ground.transaction() as ports:
        token = await ports.sessions.start(session, user.epoch)
    return session, token


async def superuser(ground: Ground, email: str) -> User:
    """Return a superuser who was added."""
    user = await added(ground, email)
    async with ground.transaction() as ports:
        await ports.superusers.name(user.id, ground.now())
    return user


async def change(ground: Ground, user_id: UserId, **fields: Any) -> None:
    """Change a person, as a command does."""
    async with ground.transaction() as ports:
        user = await ports.users.get(user_id)
        for name, value in fields.items():
            setattr(user, name, value)
        user.version += 1
        await ports.users.keep(user)


class Discarded(Exception):
    """The command did not end well."""


@asynccontextmanager
async def discarded(ground: Ground) -> AsyncIterator[Ports]:
    """Discard what happens within."""
    with suppress(Discarded):
        async with ground.transaction() as ports:
            yield ports
            raise Discarded


async def live(ground: Ground, user: User) -> list[SessionId]:
    """Return the ids of the live sessions of a person."""
    return [each.id for each in await ground.session_lists.list(user.id, SessionId(user.id), None, 100)]
