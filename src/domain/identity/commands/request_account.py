"""Sign up without telling whether the address is known."""

from typing import Final

from domain.identity.commands.sign_up import SignUpPolicy
from domain.identity.ports import AccountRequest, AccountRequests
from domain.identity.registration import REFUSALS, TAKEN, Applicant, Registration
from domain.identity.schemas import Email, FullName, Password, Username
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.usecases import Command, interactor, message, secret

MAILS: Final = 3
"""How often within an hour an address is told that no account was made, whoever asks and from wherever."""


@message
class RequestAccount(Command[None]):
    """Have an account created, or its owner told by mail that there is one; the caller learns neither.

    Both happen behind the request, so that the time it takes tells nothing either: the account is there a moment later.
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
    audit="identity.user.request_account",
)
class RequestAccountInteractor:
    registration: Registration
    requests: AccountRequests
    limits: Limits
    policy: SignUpPolicy

    async def __call__(self, request: RequestAccount, origin: Origin) -> None:
        await self.limits.hit("sign_up", origin.site, self.policy.per_minute, 60)
        applicant = Applicant(
            email=request.email, password=request.password, full_name=request.full_name, username=request.username
        )
        user, password_hash = await self.registration.judge(applicant)
        assert password_hash, "there is a password"
        wanted = AccountRequest(
            user_id=user.id,
            email=user.email,
            full_name=user.full_name,
            username=user.username,
            password_hash=password_hash,
            bearable=await self._bearable(user.email),
        )
        self.requests.ask(wanted)

    async def _bearable(self, address: str) -> bool:
        """Count what may be mailed, for everybody alike."""
        try:
            await self.limits.hit("sign_up_mail", address, MAILS, 3600)
        except TooManyRequests:
            return False
        return True
