"""People in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.postgres.people import EVERYWHERE, accounts
from domain.access.facade import Place, Subject
from domain.access.models import SUPERUSER, Grant
from domain.identity.errors import (
    EmailTaken,
    LastSuperuser,
    PasswordHashUnusable,
    PasswordTooWeak,
    SetupClosed,
    UsernameTaken,
    UserNotFound,
)
from domain.identity.models import Credential, Link, Purpose, User
from domain.identity.ports import (
    AccountRequest,
    AccountRequests,
    Credentials,
    Failures,
    KeptCredential,
    LinkReader,
    Passwords,
    ResetRequests,
    Setup,
    SignInRequests,
    Superusers,
)
from domain.identity.readers import Place as ListPlace
from domain.identity.readers import ProfileLists, Profiles, UserFilter
from domain.identity.registration import profile
from domain.identity.repositories import Links, PasswordHashes, Users
from domain.identity.schemas import UserProfile
from domain.identity.verification import FAILURES as CLOSING
from domain.identity.verification import NOWHERE, PAUSE
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Overloaded
from domain.kernel.ids import PLATFORM, UserId
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS
from tests.support.memory.work import MemoryTables, MemoryWork

USERS = "users"
"""By id."""
CREDENTIALS = "credentials"
"""By the person's id."""
FAILURES = "sign_in_failures"
"""By account: how many, and when the last one was."""
LINKS = "mailed_links"
"""By the person's id and the purpose."""
SETUP = "setup"
"""When it was completed, under the key `one`."""


@dataclass(frozen=True, slots=True)
class MemoryUsers(Users):
    work: MemoryWork

    async def add(self, user: User) -> None:
        tables = await self.work.begin()
        self._unique(tables, user)
        tables.table(USERS).put(user.id, user)

    async def get(self, user_id: UserId) -> User:
        user: User | None = (await self.work.begin()).table(USERS).get(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def keep(self, user: User) -> None:
        self._unique(await self.work.begin(), user)

    async def remove(self, user: User) -> None:
        tables = await self.work.begin()
        for name in (USERS, CREDENTIALS):
            tables.table(name).remove(user.id)
        for grant in tables.table(GRANTS).values():
            if grant.subject.id == user.id:
                tables.table(GRANTS).remove(grant.id)
        for purpose in Purpose:
            tables.table(LINKS).remove((user.id, purpose))

    def _unique(self, tables: MemoryTables, user: User) -> None:
        others: list[User] = [each for each in tables.table(USERS).values() if each.id != user.id]
        if any(each.email == user.email for each in others):
            raise EmailTaken
        if user.username is not None and any(each.username == user.username for each in others):
            raise UsernameTaken


@dataclass(frozen=True, slots=True)
class MemoryPasswordHashes(PasswordHashes):
    work: MemoryWork

    async def put(self, credential: Credential) -> None:
        (await self.work.begin()).table(CREDENTIALS).put(credential.user_id, credential)

    async def remove(self, user_id: UserId) -> None:
        (await self.work.begin()).table(CREDENTIALS).remove(user_id)

    async def renew(self, user_id: UserId, before: str, after: str) -> None:
        kept: Credential | None = (await self.work.begin()).table(CREDENTIALS).get(user_id)
        if kept and kept.password_hash == before:
            kept.password_hash = after


@dataclass(frozen=True, slots=True)
class MemoryFailures(Failures):
    work: MemoryWork

    async def count(self, user_id: UserId, network: str, at: datetime, *more: str) -> None:
        table = (await self.work.begin()).table(FAILURES)
        place, *others, everywhere = accounts(user_id, network, *more)
        here = table.get(place)
        closed = network != NOWHERE and here and here[0] >= CLOSING and here[1] > at - PAUSE
        for account in others if closed else (place, *others, everywhere):
            before = table.get(account)
            if before and account == everywhere and before[1] <= at - PAUSE:
                before = None
            table.put(account, ((before[0] if before else 0) + 1, at))

    async def forget(self, user_id: UserId, network: str, *more: str) -> None:
        table = (await self.work.begin()).table(FAILURES)
        for account in accounts(user_id, network, *more):
            table.remove(account)

    async def clear(self, user_id: UserId) -> None:
        table = (await self.work.begin()).table(FAILURES)
        for account in [each for each in table.committed if each.startswith(f"{user_id}@")]:
            table.remove(account)


@dataclass(frozen=True, slots=True)
class MemoryCredentials(Credentials):
    memory: Memory

    async def find(self, login: str, network: str = "") -> KeptCredential | None:
        users: list[User] = list(self.memory.table(USERS).values())
        return next((self._kept(each, network) for each in users if login in {each.email, each.username}), None)

    async def find_by_id(self, user_id: UserId, network: str = "") -> KeptCredential | None:
        user: User | None = self.memory.table(USERS).get(user_id)
        return self._kept(user, network) if user else None

    def _kept(self, user: User, network: str) -> KeptCredential:
        credential: Credential | None = self.memory.table(CREDENTIALS).get(user.id)
        failures = self.memory.table(FAILURES)
        everywhere = failures.get(f"{user.id}@{EVERYWHERE}", (0, None))
        here = failures.get(f"{user.id}@{network}", (0, None))
        return KeptCredential(
            user_id=user.id,
            email=user.email,
            password_hash=credential.password_hash if credential else None,
            is_active=user.is_active,
            email_verified=user.email_verified,
            epoch=user.epoch,
            created_at=user.created_at,
            failures=everywhere[0],
            failures_here=here[0],
            failed_at=everywhere[1],
            failed_here_at=here[1],
        )


@dataclass(frozen=True, slots=True)
class MemoryLinks(Links):
    work: MemoryWork

    async def take_turn(self, token_hash: bytes) -> bool:
        await self.work.begin()
        return True  # commands in memory come one after the other

    async def put(self, link: Link) -> None:
        (await self.work.begin()).table(LINKS).put((link.user_id, link.purpose), link)

    async def use(self, user_id: UserId, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        table = (await self.work.begin()).table(LINKS)
        link: Link | None = table.get((user_id, purpose))
        if link is None or link.token_hash not in hashes or link.expires_at <= at:
            return None
        table.remove((user_id, purpose))
        return link


@dataclass(frozen=True, slots=True)
class MemoryLinkReader(LinkReader):
    memory: Memory

    async def find(self, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        links: list[Link] = list(self.memory.table(LINKS).values())
        fitting = (each for each in links if each.purpose is purpose and each.token_hash in hashes)
        return next((each for each in fitting if each.expires_at > at), None)


@dataclass(frozen=True, slots=True)
class MemoryResetRequests(ResetRequests):
    """Queues the address as a job, in clear."""

    work: MemoryWork

    def ask(self, address: str) -> None:
        self.work.enqueue("mail_reset", {"address": address}, to=address)


@dataclass(frozen=True, slots=True)
class MemorySignInRequests(SignInRequests):
    """Queues the wish as a job, in clear."""

    work: MemoryWork

    def ask(self, address: str, challenge: str) -> None:
        self.work.enqueue("mail_sign_in", {"address": address, "challenge": challenge}, to=address)


@dataclass(frozen=True, slots=True)
class MemoryAccountRequests(AccountRequests):
    """Queues what was asked for as a job, as it is."""

    work: MemoryWork

    def ask(self, account: AccountRequest) -> None:
        self.work.enqueue("open_account", {"account": account}, to=account.email)


@dataclass(frozen=True, slots=True)
class MemorySuperusers(Superusers):
    work: MemoryWork

    async def name(self, user_id: UserId, at: datetime) -> None:
        table = (await self.work.begin()).table(GRANTS)
        if user_id not in superusers(table.values()):
            grant = superuser_grant(user_id, at)
            table.put(grant.id, grant)

    async def includes(self, user_id: UserId) -> bool:
        return user_id in superusers((await self.work.begin()).table(GRANTS).values())

    async def spare(self, user_id: UserId) -> None:
        tables = await self.work.begin()
        held = superusers(tables.table(GRANTS).values())
        active: list[User] = [each for each in tables.table(USERS).values() if each.is_active and each.id != user_id]
        if user_id in held and not any(each.id in held for each in active):
            raise LastSuperuser


def superuser_grant(user_id: UserId, at: datetime) -> Grant:
    """Return what makes somebody a superuser."""
    return Grant(place=Place(PLATFORM), subject=Subject("user", user_id), role_id=SUPERUSER, created_at=at)


def superusers(grants: Iterable[Grant]) -> list[UserId]:
    """Return who holds the role."""
    return [UserId(each.subject.id) for each in grants if each.role_id == SUPERUSER and each.place == Place(PLATFORM)]


@dataclass(frozen=True, slots=True)
class MemorySetup(Setup):
    work: MemoryWork
    token: str = "the printed token"

    def prove(self, token: str) -> None:
        if token != self.token:
            raise SetupClosed

    async def finish(self, at: datetime) -> None:
        table = (await self.work.begin()).table(SETUP)
        if table.get("one"):
            raise SetupClosed
        table.put("one", at)


@dataclass(frozen=True, slots=True)
class MemoryProfiles(Profiles, ProfileLists):
    memory: Memory

    async def find(self, user_id: UserId, seen: ConsistencyToken | None) -> UserProfile | None:
        user: User | None = self.memory.table(USERS).get(user_id)
        return self._profile(user) if user else None

    async def list(self, wanted: UserFilter, after: ListPlace | None, most: int) -> Sequence[UserProfile]:
        users: list[User] = sorted(
            self.memory.table(USERS).values(), key=lambda each: (each.created_at, each.id), reverse=True
        )
        part = (wanted.email or "").casefold()
        fitting = [
            self._profile(each)
            for each in users
            if part in each.email
            and wanted.is_active in {None, each.is_active}
            and (after is None or (each.created_at, each.id) < (after.created_at, after.user_id))
        ]
        return fitting[:most]

    def _profile(self, user: User) -> UserProfile:
        return profile(user, is_superuser=user.id in superusers(self.memory.table(GRANTS).values()))


@dataclass(slots=True)
class PlainPasswords(Passwords):
    """Passwords that are not hashed, because that is slow. `version` stands for the parameters."""

    version: int = 1
    busy: bool = False
    verified: int = 0

    def check(self, password: str, context: Sequence[str] = ()) -> None:
        if len(password) < 15 or password.casefold() in (word.casefold() for word in context):
            raise PasswordTooWeak

    async def hash(self, password: str) -> str:
        if self.busy:
            raise Overloaded
        return f"plain{self.version}:{password}"

    def adopt(self, text: str) -> str:
        if not text.startswith("theirs:"):
            raise PasswordHashUnusable
        return text

    def admit(self) -> None:
        if self.busy:
            raise Overloaded

    async def verify(self, kept: str | None, password: str) -> bool:
        return (await self.prove(kept, password, renew=False))[0]

    async def prove(self, kept: str | None, password: str, *, renew: bool = True) -> tuple[bool, str | None]:
        if self.busy:
            raise Overloaded
        self.verified += 1
        fits = kept is not None and kept.partition(":")[2] == password
        fresh = f"plain{self.version}:{password}"
        return fits, fresh if fits and renew and kept != fresh else None
