"""Links that are mailed to people, and prove that they read their mail."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.identity.errors import UserNotFound
from domain.identity.models import EmailAddress, Link, Purpose, User
from domain.identity.ports import Credentials, LinkTokens
from domain.identity.repositories import Links, Users
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.mails import (
    AccountReadyMail,
    EmailChangeAskedMail,
    EmailChangeMail,
    EmailChangeVainMail,
    PasswordResetMail,
    SignInMail,
    VerificationMail,
)
from domain.kernel.ports import Clock, Limits, Mailer

NETWORKS: Final = 4
"""So many networks may use up what is there for one of them, before there is nothing more for any: of mails to one
address, and of attempts to change one person's password."""


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """Where mailed links lead, how long they work, and how often they are mailed."""

    reset_page: str = "http://localhost:8000/auth/password"
    """Where passwords are reset; the token follows as its fragment, which browsers keep to themselves."""
    verification_page: str = "http://localhost:8000/auth/verification"
    """Where addresses are verified, likewise."""
    reset_life: timedelta = timedelta(minutes=15)
    verification_life: timedelta = timedelta(days=1)
    sign_in_page: str = "http://localhost:8000/auth/sign-in"
    """Where people sign in by mail, likewise."""
    sign_in_life: timedelta = timedelta(minutes=10)
    per_hour: int = 5
    """Mails of one kind that an address is sent per hour at the word of one network; 0 for any number.

    At the word of all of them it is sent `NETWORKS` times as many.
    """
    attempts_per_minute: int = 0
    """Links asked for, and as many tried, per minute and network address; 0 for any number."""


async def bearable(limits: Limits, policy: LinkPolicy, kind: str, address: str, origin: Origin) -> bool:
    """Count a mail of one kind that somebody wants sent to `address`, and return whether it may be.

    Whoever asks is not told, since others may have asked: one network cannot use up what is there for the others.
    """
    try:
        await limits.hit(f"{kind}_from", f"{address} {origin.network}", policy.per_hour, 3600)
        await limits.hit(kind, address, policy.per_hour * NETWORKS, 3600)
    except TooManyRequests:
        return False
    return True


@dataclass(frozen=True, slots=True)
class LinkMails:
    """Mail somebody a link, which makes the one before it worthless."""

    tokens: LinkTokens
    links: Links
    mailer: Mailer
    policy: LinkPolicy
    clock: Clock

    async def reset(self, user: User) -> None:
        """Mail `user` a link to choose another password, to the address that is kept of them."""
        token = await self._made(user, Purpose.RESET, self.policy.reset_life)
        link = f"{self.policy.reset_page}#token={token}"
        self.mailer.send(user.email, PasswordResetMail(link, self.policy.reset_life // timedelta(minutes=1)))

    async def verification(self, user: User) -> None:
        """Mail `user` a link by which they prove that the address is theirs."""
        self.mailer.send(user.email, VerificationMail(*await self._proof(user)))

    async def welcome(self, user: User) -> None:
        """Tell `user` that they have an account, with such a link."""
        self.mailer.send(user.email, AccountReadyMail(*await self._proof(user)))

    async def change(self, user: User, address: EmailAddress, *, taken: bool) -> None:
        """Mail `address` a link by which it becomes that of `user`, and tell the present one.

        Who has an account at an address that is `taken` is told so instead; what is kept is the same.
        """
        token = await self._made(user, Purpose.EMAIL_CHANGE, self.policy.verification_life, address)
        link = f"{self.policy.verification_page}#token={token}"
        hours = self.policy.verification_life // timedelta(hours=1)
        self.mailer.send(address, EmailChangeVainMail() if taken else EmailChangeMail(link, hours))
        self.mailer.send(user.email, EmailChangeAskedMail())

    async def sign_in(self, user: User, challenge: str) -> None:
        """Mail `user` the code for `challenge`, and both as a link; the codes for those before it are worthless."""
        life, code = self.policy.sign_in_life, self.tokens.codes(challenge)[0]
        await self._keep(user, Purpose.SIGN_IN, life, self.tokens.hashes(Purpose.SIGN_IN, challenge)[0])
        link = f"{self.policy.sign_in_page}#token={challenge}&code={code}"
        self.mailer.send(user.email, SignInMail(code, link, life // timedelta(minutes=1)))

    async def _proof(self, user: User) -> tuple[str, int]:
        token = await self._made(user, Purpose.VERIFICATION, self.policy.verification_life)
        return f"{self.policy.verification_page}#token={token}", self.policy.verification_life // timedelta(hours=1)

    async def _made(self, user: User, purpose: Purpose, life: timedelta, address: EmailAddress | None = None) -> str:
        token, token_hash = self.tokens.make(purpose)
        await self._keep(user, purpose, life, token_hash, address)
        return token

    async def _keep(
        self, user: User, purpose: Purpose, life: timedelta, token_hash: bytes, address: EmailAddress | None = None
    ) -> None:
        link = Link(
            user_id=user.id,
            purpose=purpose,
            email=address or user.email,
            epoch=user.epoch,
            token_hash=token_hash,
            expires_at=self.clock.now() + life,
        )
        await self.links.put(link)


@dataclass(frozen=True, slots=True)
class Owners:
    """Find out who has an address, behind the request: what it takes depends on whether there is anybody."""

    credentials: Credentials
    users: Users

    async def find(self, address: str) -> User | None:
        """Return whoever has the canonical `address`, is active, and so may sign in; locked until the work ends."""
        kept = await self.credentials.find(address)
        if kept is None or not kept.is_active:
            return None
        try:
            user = await self.users.get(kept.user_id)
        except UserNotFound:
            return None
        return user if user.is_active and user.email == address else None
