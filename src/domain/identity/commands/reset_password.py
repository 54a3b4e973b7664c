"""Choose another password by a mailed link."""

from domain.identity.errors import LinkRefused, PasswordTooWeak, UserNotFound
from domain.identity.events import PasswordChanged, UserUpdated
from domain.identity.mailing import LinkPolicy
from domain.identity.models import Credential, Purpose, User
from domain.identity.ports import Failures, LinkReader, LinkTokens, Passwords, SessionEnding
from domain.identity.registration import context, updated
from domain.identity.repositories import Links, PasswordHashes, Users
from domain.identity.schemas import LinkToken, Password
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import ConcurrentChange, Overloaded, TooManyRequests
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.mails import PasswordChangedMail
from domain.kernel.ports import Clock, Limits, Mailer
from domain.kernel.usecases import Command, interactor, message, secret


@message
class ResetPassword(Command[None]):
    """Replace a forgotten password, with the token that was mailed; ends every session and starts none."""

    token: LinkToken = secret()
    password: Password = secret()


@interactor(
    access=ANYONE,
    raises=(LinkRefused, PasswordTooWeak, ConcurrentChange, Overloaded, TooManyRequests),
    emits=(PasswordChanged, UserUpdated),
    audit="identity.user.reset_password",
)
class ResetPasswordInteractor:
    tokens: LinkTokens
    reader: LinkReader
    links: Links
    passwords: Passwords
    users: Users
    hashes: PasswordHashes
    failures: Failures
    sessions: SessionEnding
    mailer: Mailer
    limits: Limits
    policy: LinkPolicy
    events: Events
    clock: Clock

    async def __call__(self, request: ResetPassword, origin: Origin) -> None:
        await self.limits.hit("reset", origin.site, self.policy.attempts_per_minute, 60)
        hashes = self.tokens.hashes(Purpose.RESET, request.token)
        found = await self.reader.find(Purpose.RESET, hashes, self.clock.now()) if hashes else None
        if found is None:
            raise LinkRefused
        # Judged and hashed while no connection is held; a password that is too weak does not use the link up.
        self.passwords.check(request.password, [found.email, found.email.partition("@")[0]])
        hashed = await self.passwords.hash(request.password)
        now = self.clock.now()
        user = await self._person(found.user_id)
        link = await self.links.use(user.id, Purpose.RESET, hashes, now)
        if link is None or not link.proves(user) or link.epoch != user.epoch:
            raise LinkRefused
        self.passwords.check(request.password, context(user))
        # As a change of password does: the new epoch first, then the sessions that it makes obsolete.
        user.epoch += 1
        user.updated_at = now
        proved, user.email_verified = not user.email_verified, True
        await self.users.keep(user)
        await self.hashes.put(Credential(user_id=user.id, password_hash=hashed, changed_at=now))
        ended = await self.sessions.end_all(user.id, user.epoch, now)
        await self.failures.forget(user.id, origin.network)
        self.events.emit(PasswordChanged(user_id=user.id, occurred_at=now), of=user, revokes=ended)
        if proved:
            self.events.emit(updated(user), of=user)
        self.mailer.send(user.email, PasswordChangedMail())

    async def _person(self, user_id: UserId) -> User:
        """Return the person locked: in this order whoever deletes them, with their links, waits and is waited for."""
        try:
            return await self.users.get(user_id)
        except UserNotFound:
            raise LinkRefused from None
