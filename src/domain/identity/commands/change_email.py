"""Change to an e-mail address that was proved."""

from domain.identity.errors import EmailTaken, LinkRefused, UserNotFound
from domain.identity.events import UserUpdated
from domain.identity.mailing import LinkPolicy
from domain.identity.models import Purpose
from domain.identity.ports import LinkReader, LinkTokens
from domain.identity.registration import updated
from domain.identity.repositories import Links, Users
from domain.identity.schemas import LinkToken
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import ConcurrentChange, TooManyRequests
from domain.kernel.events import Events
from domain.kernel.mails import EmailChangedMail
from domain.kernel.ports import Clock, Limits, Mailer
from domain.kernel.usecases import Command, interactor, message, secret


@message
class ChangeEmail(Command[None]):
    """Change to the address that the token was mailed to, and tell the one before; needs no session and ends none."""

    token: LinkToken = secret()


@interactor(
    access=ANYONE,
    raises=(LinkRefused, ConcurrentChange, TooManyRequests),
    emits=(UserUpdated,),
    audit="identity.user.change_email",
)
class ChangeEmailInteractor:
    tokens: LinkTokens
    reader: LinkReader
    links: Links
    users: Users
    mailer: Mailer
    limits: Limits
    policy: LinkPolicy
    events: Events
    clock: Clock

    async def __call__(self, request: ChangeEmail, origin: Origin) -> None:
        await self.limits.hit("change_email", origin.site, self.policy.attempts_per_minute, 60)
        now, hashes = self.clock.now(), self.tokens.hashes(Purpose.EMAIL_CHANGE, request.token)
        found = await self.reader.find(Purpose.EMAIL_CHANGE, hashes, now) if hashes else None
        if found is None:
            raise LinkRefused
        try:
            user = await self.users.get(found.user_id)
        except UserNotFound:
            raise LinkRefused from None
        link = await self.links.use(user.id, Purpose.EMAIL_CHANGE, hashes, now)
        # A password that was changed meanwhile takes back what was asked with the one before.
        if link is None or not user.is_active or link.epoch != user.epoch:
            raise LinkRefused
        before, user.email, user.email_verified, user.updated_at = user.email, link.email, True, now
        try:
            await self.users.keep(user)
        except EmailTaken:
            raise LinkRefused from None
        self.events.emit(updated(user), of=user)
        self.mailer.send(before, EmailChangedMail())
