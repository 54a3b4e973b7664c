"""Ask for the mail that verifies one's address."""

from domain.identity.errors import UserNotFound
from domain.identity.mailing import LinkMails, LinkPolicy
from domain.identity.repositories import Users
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.usecases import Command, interactor, message


@message
class RequestEmailVerification(Command[None]):
    """Mail the signed-in person a token that verifies their address; nothing if it is verified already."""


@interactor(access=SIGNED_IN, raises=(UserNotFound, TooManyRequests), audit="identity.user.request_email_verification")
class RequestEmailVerificationInteractor:
    users: Users
    mails: LinkMails
    limits: Limits
    policy: LinkPolicy

    async def __call__(self, request: RequestEmailVerification, actor: Actor) -> None:  # noqa: ARG002 - says it all by its kind
        await self.limits.hit("verification_mail", str(actor.user_id), self.policy.per_hour, 3600)
        user = await self.users.get(actor.user_id)
        if not user.email_verified:
            await self.mails.verification(user)
