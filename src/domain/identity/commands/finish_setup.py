"""Name the first administrator."""

from typing import Annotated, Final

from domain.identity.errors import SetupClosed
from domain.identity.events import SuperuserNamed, UserCreated
from domain.identity.ports import Setup, Superusers
from domain.identity.registration import REFUSALS, Applicant, Registration, profile
from domain.identity.schemas import Email, FullName, Password, Username, UserProfile
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.kernel.events import Events
from domain.kernel.ports import Clock, Limits
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message, secret

GUESSES: Final = 10
"""Wrong tokens an hour that are heard, and noted in the audit trail, from one address."""


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
    raises=(*REFUSALS, SetupClosed, Overloaded, TooManyRequests),
    emits=(UserCreated, SuperuserNamed),
    audit="identity.setup.finish",
)
class FinishSetupInteractor:
    setup: Setup
    superusers: Superusers
    registration: Registration
    events: Events
    clock: Clock
    limits: Limits

    async def __call__(self, request: FinishSetup, origin: Origin) -> UserProfile:
        try:
            self.setup.prove(request.token)
        except SetupClosed:
            # Wrong ones alone are counted, so that nobody can keep out whoever has the right one.
            await self.limits.hit("setup", origin.site, GUESSES, 3600)
            raise
        applicant = Applicant(
            email=request.email, password=request.password, full_name=request.full_name, username=request.username
        )
        user = await self.registration.register(applicant)
        now = self.clock.now()
        await self.setup.finish(now)
        await self.superusers.name(user.id, now)
        self.events.emit(SuperuserNamed(user_id=user.id, occurred_at=now), of=user)
        return profile(user, is_superuser=True)
