"""Ask for another e-mail address."""

from domain.identity.errors import EmailInvalid, PasswordWrong, UserNotFound
from domain.identity.mailing import LinkMails, LinkPolicy, bearable
from domain.identity.ports import Credentials, EmailAddresses, Failures, Passwords
from domain.identity.repositories import Users
from domain.identity.schemas import Email, Password
from domain.identity.verification import locked
from domain.kernel.access import SIGNED_IN, Actor, Origin
from domain.kernel.errors import ConcurrentChange, Overloaded, TooManyRequests
from domain.kernel.ports import Clock, Limits
from domain.kernel.usecases import Command, interactor, message, secret


@message
class RequestEmailChange(Command[None]):
    """Mail a new address a link by which it becomes the signed-in person's, and tell the address of now.

    Whether somebody else has the address is told by mail only, to them. A change of password makes the link worthless.
    """

    email: Email
    password: Password = secret()


@interactor(
    access=SIGNED_IN,
    raises=(UserNotFound, EmailInvalid, PasswordWrong, ConcurrentChange, Overloaded, TooManyRequests),
    audit="identity.user.request_email_change",
)
class RequestEmailChangeInteractor:
    addresses: EmailAddresses
    credentials: Credentials
    passwords: Passwords
    failures: Failures
    users: Users
    mails: LinkMails
    limits: Limits
    policy: LinkPolicy
    clock: Clock

    async def __call__(self, request: RequestEmailChange, actor: Actor, origin: Origin) -> None:
        await self.limits.hit("email_change", str(actor.user_id), self.policy.per_hour, 3600)
        address, network = self.addresses.parse(request.email), origin.network
        kept = await self.credentials.find_by_id(actor.user_id, network)
        if kept is None:
            raise UserNotFound
        if locked(kept, self.clock.now()):
            # Nothing is hashed for those who are refused anyway: that the account exists is known to whoever is asking.
            raise PasswordWrong
        fits = await self.passwords.verify(kept.password_hash, request.password)
        # Many guesses sent at once are all admitted before the first is judged: what counts is what is known by now.
        known = await self.credentials.find_by_id(actor.user_id, network)
        now = self.clock.now()
        if known is None or locked(known, now):
            raise PasswordWrong
        if not fits:
            await self.failures.count(kept.user_id, network, now)
            raise PasswordWrong
        sent = await bearable(self.limits, self.policy, "email_change_mail", address, origin)
        other = await self.credentials.find(address)
        user = await self.users.get(actor.user_id)
        if user.epoch != kept.epoch:
            raise ConcurrentChange
        if sent and address != user.email:
            await self.mails.change(user, address, taken=other is not None)
