"""Sign in without a proof, for development."""

from typing import Annotated

from domain.identity.facade import Identities
from domain.kernel.access import ANYONE, Origin
from domain.kernel.schemas import Length
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Command, interactor, message
from domain.sessions.errors import SignInRefused
from domain.sessions.events import SessionStarted
from domain.sessions.models import Factor
from domain.sessions.opening import Opening


@message
class DevSignIn(Command[Tokens]):
    """Start a session as anybody, without a password; this exists in development only."""

    email: Annotated[str, Length(1, 320)]


@interactor(access=ANYONE, raises=(SignInRefused,), emits=(SessionStarted,), audit="sessions.session.dev_start")
class DevSignInInteractor:
    identities: Identities
    opening: Opening

    async def __call__(self, request: DevSignIn, origin: Origin) -> Tokens:
        person = await self.identities.recognise(request.email)
        if person is None:
            raise SignInRefused
        return await self.opening.open(person, Factor.DEVELOPMENT, origin)
