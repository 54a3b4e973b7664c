"""Sign up without telling whether the address is known."""

from typing import Final

from domain.identity.commands.sign_up import SignUpPolicy
from domain.identity.errors import EmailTaken, UsernameTaken
from domain.identity.events import UserCreated
from domain.identity.mailing import LinkMails
from domain.identity.ports import EmailAddresses
from domain.identity.registration import REFUSALS, Applicant, Registration
from domain.identity.schemas import Email, FullName, Password, Username
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.kernel.mails import AccountKnownMail, UsernameTakenMail
from domain.kernel.ports import Limits, Mailer
from domain.kernel.usecases import Command, interactor, message, secret

TAKEN = (EmailTaken, UsernameTaken)
"""Known to whoever reads the mail only: which of the two it was would tell about the address."""
MAILS: Final = 3
"""How often within an hour an address is told that no account was made, whoever asks and from wherever."""


@message
class RequestAccount(Command[None]):
    """Create an account, or tell its owner by mail that there is one; the caller learns neither.

    Nobody's mailbox can be filled by this: past a few mails an hour to one address no more is sent, and the answer is
    the same.
    """

    email: Email
    password: Password = secret()
    full_name: FullName | None = None
    username: Username | None = None


@interactor(
    access=ANYONE,
    raises=(*(refusal for refusal in REFUSALS if refusal not in TAKEN), Overloaded, TooManyRequests),
    emits=(UserCreated,),
    audit="identity.user.request_account",
)
class RequestAccountInteractor:
    registration: Registration
    mails: LinkMails
    addresses: EmailAddresses
    mailer: Mailer
    limits: Limits
    policy: SignUpPolicy

    async def __call__(self, request: RequestAccount, origin: Origin) -> None:
        await self.limits.hit("sign_up", origin.site, self.policy.per_minute, 60)
        applicant = Applicant(
            email=request.email, password=request.password, full_name=request.full_name, username=request.username
        )
        address = self.addresses.parse(request.email)
        # Counted for everybody and before anything is known, so that the time it takes tells nothing.
        bearable = await self._bearable(address)
        try:
            user = await self.registration.register(applicant)
        except TAKEN as taken:
            if bearable:
                self.mailer.send(address, AccountKnownMail() if isinstance(taken, EmailTaken) else UsernameTakenMail())
        else:
            # There is one for each account, and nobody shall have an account without having heard of it.
            await self.mails.welcome(user)

    async def _bearable(self, address: str) -> bool:
        try:
            await self.limits.hit("sign_up_mail", address, MAILS, 3600)
        except TooManyRequests:
            return False
        return True
