"""Verify an e-mail address."""

from domain.identity.errors import LinkRefused, UserNotFound
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
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Command, interactor, message, secret


@message
class VerifyEmail(Command[None]):
    """Prove that an address is one's own, with the token that was mailed there; needs no session and starts none."""

    token: LinkToken = secret()


@interactor(
    access=ANYONE,
    raises=(LinkRefused, ConcurrentChange, TooManyRequests),
    emits=(UserUpdated,),
    audit="identity.user.verify_email",
)
class VerifyEmailInteractor:
    tokens: LinkTokens
    reader: LinkReader
    links: Links
    users: Users
    limits: Limits
    policy: LinkPolicy
    events: Events
    clock: Clock

    async def __call__(self, request: VerifyEmail, origin: Origin) -> None:
        await self.limits.hit("verify_email", origin.site, self.policy.attempts_per_minute, 60)
        now, hashes = self.clock.now(), self.tokens.hashes(Purpose.VERIFICATION, request.token)
        found = await self.reader.find(Purpose.VERIFICATION, hashes, now) if hashes else None
        if found is None:
            raise LinkRefused
        try:
            user = await self.users.get(found.user_id)
        except UserNotFound:
            raise LinkRefused from None
        link = await self.links.use(user.id, Purpose.VERIFICATION, hashes, now)
        if link is None or not link.proves(user):
            raise LinkRefused
        if not user.email_verified:
            user.email_verified = True
            user.updated_at = now
            await self.users.keep(user)
            self.events.emit(updated(user), of=user)
