"""Create an account without a password, for development."""

from domain.identity.events import UserCreated
from domain.identity.registration import REFUSALS, Applicant, Registration, profile
from domain.identity.schemas import Email, FullName, Username, UserProfile
from domain.kernel.access import ANYONE
from domain.kernel.usecases import Command, interactor, message


@message
class DevRegister(Command[UserProfile]):
    """Create an account without a password; this exists in development only."""

    email: Email
    full_name: FullName | None = None
    username: Username | None = None


@interactor(access=ANYONE, raises=REFUSALS, emits=(UserCreated,), audit="identity.user.dev_register")
class DevRegisterInteractor:
    registration: Registration

    async def __call__(self, request: DevRegister) -> UserProfile:
        applicant = Applicant(email=request.email, full_name=request.full_name, username=request.username)
        return profile(await self.registration.register(applicant), is_superuser=False)
