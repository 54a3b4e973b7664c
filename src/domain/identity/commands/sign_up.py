"""Sign up."""

from dataclasses import dataclass

from domain.identity.events import UserCreated
from domain.identity.mailing import LinkMails
from domain.identity.registration import REFUSALS, Applicant, Registration, profile
from domain.identity.schemas import Email, FullName, Password, Username, UserProfile
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.usecases import Command, interactor, message, secret


@dataclass(frozen=True, slots=True)
class SignUpPolicy:
    """How freely accounts are made."""

    per_minute: int = 0
    """Sign-ups allowed per minute and address; 0 for any number."""


@message
class SignUp(Command[UserProfile]):
    """Create an account that signs in with a password, and mail a link that proves its address."""

    email: Email
    password: Password = secret()
    full_name: FullName | None = None
    username: Username | None = None


@interactor(
    access=ANYONE,
    raises=(*REFUSALS, Overloaded, TooManyRequests),
    emits=(UserCreated,),
    audit="identity.user.sign_up",
)
class SignUpInteractor:
    registration: Registration
    mails: LinkMails
    limits: Limits
    policy: SignUpPolicy

    async def __call__(self, request: SignUp, origin: Origin) -> UserProfile:
        await self.limits.hit("sign_up", origin.site, self.policy.per_minute, 60)
        user = await self.registration.register(
            Applicant(
                email=request.email,
                password=request.password,
                full_name=request.full_name,
                username=request.username,
            )
        )
        await self.mails.welcome(user)
        return profile(user, is_superuser=False)
