"""Where people are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.identity.models import Credential, Link, Purpose, User
from domain.kernel.ids import UserId


class Users(Protocol):
    """The people who can sign in."""

    async def add(self, user: User) -> None:
        """Add `user`, or raise `EmailTaken` or `UsernameTaken` and leave everything else of the command as it is."""

    async def get(self, user_id: UserId) -> User:
        """Return the person, whom nobody else can change until the command ends, or raise `UserNotFound`."""

    async def keep(self, user: User) -> None:
        """Write what changed, or raise `EmailTaken` or `UsernameTaken`."""

    async def remove(self, user: User) -> None:
        """Delete `user`, their credentials, sessions and grants."""


class PasswordHashes(Protocol):
    """The password hash of each person who has one."""

    async def put(self, credential: Credential) -> None:
        """Keep `credential` in place of the one before."""

    async def remove(self, user_id: UserId) -> None:
        """Forget the hash, if there is one: no password is right any more."""

    async def renew(self, user_id: UserId, before: str, after: str) -> None:
        """Keep the hash `after` in place of `before`, another of the same password.

        Does nothing if that is not the person's any more: a password changed meanwhile stays changed.
        """


class Links(Protocol):
    """The links that were mailed and not used yet."""

    async def take_turn(self, token_hash: bytes) -> bool:
        """Keep others from taking this turn until the command ends; False, at once, if another command has it.

        Whether there is such a link makes no difference.
        """

    async def put(self, link: Link) -> None:
        """Keep `link` in place of the one that the person had for this purpose."""

    async def use(self, user_id: UserId, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        """Remove the link and return it if its token has one of `hashes` and has not expired by `at`.

        Of several at once one gets it.
        """
