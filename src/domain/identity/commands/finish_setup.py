"""Name the first administrator."""

from typing import Annotated

from domain.identity.errors import SetupClosed
from domain.identity.events import SuperuserNamed, UserCreated
from domain.identity.ports import Setup, Superusers
from domain.identity.registration import REFUSALS, Applicant, Registration, profile
from domain.identity.schemas import Email, FullName, Password, Username, UserProfile
from domain.kernel.access import ANYONE
from domain.kernel.errors import Overloaded
from domain.kernel.events import Events
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret


@message
class FinishSetup(Command[UserProfile]):
    """Create the first administrator, with the one-time token that the service printed; works once, ever."""

    email: Email
    token: Annotated[str, Length(1, 128)] = secret()
    password: Password = secret()
    full_name: FullName | None = None
    username: Username | None = None


@interactor(
    access=ANYONE,
    raises=(*REFUSALS, SetupClosed, Overloaded),
    emits=(UserCreated, SuperuserNamed),
    audit="identity.setup.finish",
)
class FinishSetupInteractor:
    setup: Setup
    superusers: Superusers
    registration: Registration
    events: Events
    clock: Clock

    async def __call__(self, request: FinishSetup) -> UserProfile:
        self.setup.prove(request.token)
        applicant = Applicant(
            email=request.email, password=request.password, full_name=request.full_name, username=request.username
        )
        user = await self.registration.register(applicant)
        now = self.clock.now()
        await self.setup.finish(now)
        await self.superusers.name(user.id, now)
        self.events.emit(SuperuserNamed(user_id=user.id, occurred_at=now), of=user)
        return profile(user, is_superuser=True)
