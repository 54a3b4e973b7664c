"""Ask for a link to reset a password."""

from domain.identity.errors import EmailInvalid
from domain.identity.mailing import LinkPolicy, bearable
from domain.identity.ports import EmailAddresses, ResetRequests
from domain.identity.schemas import Email
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.usecases import Command, interactor, message


@message
class ForgotPassword(Command[None]):
    """Mail the owner of an address a link to choose another password; the caller does not learn whether there is one.

    Past a few mails an hour to one address, from one network or from all, no more is sent, and the answer is the same.
    """

    email: Email


@interactor(access=ANYONE, raises=(EmailInvalid, TooManyRequests), audit="identity.user.forgot_password")
class ForgotPasswordInteractor:
    addresses: EmailAddresses
    requests: ResetRequests
    limits: Limits
    policy: LinkPolicy

    async def __call__(self, request: ForgotPassword, origin: Origin) -> None:
        await self.limits.hit("forgot", origin.site, self.policy.attempts_per_minute, 60)
        address = self.addresses.parse(request.email)
        if await bearable(self.limits, self.policy, "reset_mail", address, origin):
            self.requests.ask(address)
