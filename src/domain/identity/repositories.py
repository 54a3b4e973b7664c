"""Where people are kept."""

from typing import Protocol

from domain.identity.models import Credential, User
from domain.kernel.ids import UserId


class Users(Protocol):
    """The people who can sign in."""

    async def add(self, user: User) -> None:
        """Add `user`, or raise `EmailTaken` or `UsernameTaken` and leave everything else of the command as it is."""

    async def get(self, user_id: UserId) -> User:
        """Return the person, whom nobody else can change until the command ends, or raise `UserNotFound`."""

    async def keep(self, user: User) -> None:
        """Write what changed, or raise `UsernameTaken`."""

    async def remove(self, user: User) -> None:
        """Delete `user`, their credentials, sessions and grants."""


class PasswordHashes(Protocol):
    """The password hash of each person who has one."""

    async def put(self, credential: Credential) -> None:
        """Keep `credential` in place of the one before."""

    async def renew(self, user_id: UserId, before: str, after: str) -> None:
        """Keep the hash `after` in place of `before`, another of the same password.

        Does nothing if that is not the person's any more: a password changed meanwhile stays changed.
        """
