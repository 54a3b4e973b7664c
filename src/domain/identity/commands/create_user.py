"""Create a person's account."""

from domain.identity.errors import PasswordHashUnusable, TwoPasswords
from domain.identity.events import UserCreated
from domain.identity.registration import REFUSALS, Applicant, Registration, profile
from domain.identity.schemas import Email, FullName, Password, PasswordHash, Username, UserProfile
from domain.kernel.access import Permission, needs
from domain.kernel.errors import Overloaded
from domain.kernel.usecases import Command, interactor, message, optional_secret


@message
class CreateUser(Command[UserProfile]):
    """Create an account for somebody else; without a password it cannot be signed in to yet.

    `password_hash` takes over one that another system made, in any of the formats that are listed in the manual. It is
    replaced by one of ours at the next sign-in.
    """

    email: Email
    password: Password | None = optional_secret(default=None)
    password_hash: PasswordHash | None = optional_secret(default=None)
    full_name: FullName | None = None
    username: Username | None = None
    email_verified: bool = False


@interactor(
    access=needs(Permission.USERS_WRITE),
    raises=(*REFUSALS, Overloaded, PasswordHashUnusable, TwoPasswords),
    emits=(UserCreated,),
    audit="identity.user.create",
)
class CreateUserInteractor:
    registration: Registration

    async def __call__(self, request: CreateUser) -> UserProfile:
        if request.password is not None and request.password_hash is not None:
            raise TwoPasswords
        applicant = Applicant(
            email=request.email,
            password=request.password,
            password_hash=request.password_hash,
            full_name=request.full_name,
            username=request.username,
            email_verified=request.email_verified,
        )
        return profile(await self.registration.register(applicant), is_superuser=False)
