"""Make accounts."""

from dataclasses import dataclass, field

from domain.identity.errors import (
    EmailInvalid,
    EmailTaken,
    FullNameInvalid,
    PasswordTooWeak,
    UsernameInvalid,
    UsernameTaken,
)
from domain.identity.events import UserCreated, UserUpdated
from domain.identity.models import Credential, User, full_name, username
from domain.identity.ports import EmailAddresses, Passwords
from domain.identity.repositories import PasswordHashes, Users
from domain.identity.schemas import UserProfile
from domain.kernel.events import Events
from domain.kernel.ports import Clock

REFUSALS = (EmailInvalid, EmailTaken, FullNameInvalid, PasswordTooWeak, UsernameInvalid, UsernameTaken)
"""What making an account may be refused for."""
TAKEN = (EmailTaken, UsernameTaken)
"""Those of them that tell about others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who wants an account, as they wrote it themselves."""

    email: str
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    """Made by another system, in place of the password."""
    full_name: str | None = None
    username: str | None = None
    email_verified: bool = False
    words: tuple[str, ...] = ()
    """What else the password must not be made of."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Put accounts down, and announce them."""

    users: Users
    hashes: PasswordHashes
    events: Events

    async def open(self, user: User, password_hash: str | None) -> User:
        """Return `user`, who is a new person now; raise `EmailTaken` or `UsernameTaken`."""
        await self.users.add(user)
        if password_hash is not None:
            credential = Credential(user_id=user.id, password_hash=password_hash, changed_at=user.created_at)
            await self.hashes.put(credential)
        self.events.emit(
            UserCreated(
                user_id=user.id,
                email=user.email,
                email_verified=user.email_verified,
                username=user.username,
                full_name=user.full_name,
                occurred_at=user.created_at,
            ),
            of=user,
        )
        return user


@dataclass(frozen=True, slots=True)
class Registration:
    """Make an account and announce it. Hashes before anything is written, so that no connection waits for the CPU."""

    accounts: Accounts
    passwords: Passwords
    addresses: EmailAddresses
    clock: Clock

    async def register(self, applicant: Applicant) -> User:
        """Return the new person, or raise one of `REFUSALS`, or `Overloaded`."""
        return await self.accounts.open(*await self.judge(applicant))

    async def judge(self, applicant: Applicant) -> tuple[User, str | None]:
        """Return who would be the new person, and the hash of their password; nothing is read or written.

        Raise one of `REFUSALS` but `TAKEN`, or `Overloaded`.
        """
        now = self.clock.now()
        user = User(
            email=self.addresses.parse(applicant.email),
            email_verified=applicant.email_verified,
            username=None if applicant.username is None else username(applicant.username),
            full_name=None if applicant.full_name is None else full_name(applicant.full_name),
            created_at=now,
            updated_at=now,
        )
        return user, await self._hash(applicant, user)

    async def _hash(self, applicant: Applicant, user: User) -> str | None:
        if applicant.password_hash is not None:
            return self.passwords.adopt(applicant.password_hash)
        if applicant.password is None:
            return None
        self.passwords.check(applicant.password, [*context(user), *applicant.words])
        return await self.passwords.hash(applicant.password)


def context(user: User) -> list[str]:
    """Return the words that a password of `user` must not be made of."""
    words = [user.email, user.email.partition("@")[0], user.username, *(user.full_name or "").split()]
    return [word for word in words if word]


def profile(user: User, *, is_superuser: bool) -> UserProfile:
    """Return what `user` is shown of themselves."""
    return UserProfile(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified,
        username=user.username,
        full_name=user.full_name,
        is_active=user.is_active,
        is_superuser=is_superuser,
        created_at=user.created_at,
        updated_at=user.updated_at,
        version=user.version,
    )


def updated(user: User) -> UserUpdated:
    """Return the fact that `user` is now as they are."""
    return UserUpdated(
        user_id=user.id,
        email=user.email,
        email_verified=user.email_verified,
        username=user.username,
        full_name=user.full_name,
        occurred_at=user.updated_at,
    )
