"""Sign in with a password."""

from dataclasses import dataclass
from typing import Annotated

from domain.identity.facade import Identities
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import Overloaded, TooManyRequests
from domain.kernel.ports import Limits
from domain.kernel.schemas import Length
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.errors import EmailNotVerified, LoginMissing, SignInRefused
from domain.sessions.events import SessionStarted
from domain.sessions.models import Factor
from domain.sessions.opening import Opening


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """How often people may try."""

    per_minute: int = 0
    """Attempts allowed per minute and address; 0 for any number. The lockout of an account is counted apart."""
    verified_only: bool = False
    """Whether people have to prove their e-mail address first."""


@message
class SignIn(Command[Tokens]):
    """Start a session with an e-mail address or a username, and a password."""

    email: Annotated[str, Length(1, 320)] | None = None
    username: Annotated[str, Length(1, 320)] | None = None
    password: Annotated[str, Length(1, 1024)] = secret()


@interactor(
    access=ANYONE,
    raises=(LoginMissing, SignInRefused, EmailNotVerified, Overloaded, TooManyRequests),
    emits=(SessionStarted,),
    audit="sessions.session.start",
)
class SignInInteractor:
    identities: Identities
    opening: Opening
    limits: Limits
    policy: SignInPolicy

    async def __call__(self, request: SignIn, origin: Origin) -> Tokens:
        if (request.email is None) == (request.username is None):
            raise LoginMissing
        await self.limits.hit("sign_in", origin.site, self.policy.per_minute, 60)
        login = request.email if request.email is not None else request.username or ""
        # What is not an address is no e-mail, and what is one is no username.
        fitting = ("@" in login) == (request.email is not None)
        person = await self.identities.verify(login if fitting else "", request.password, origin)
        if person is None:
            raise SignInRefused
        # Told to nobody who does not know the password.
        if self.policy.verified_only and not person.email_verified:
            await self.identities.remind(person.user_id)
            raise EmailNotVerified
        return await self.opening.open(person, Factor.PASSWORD, origin)
