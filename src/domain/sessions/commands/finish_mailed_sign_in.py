"""Sign in with a code that was mailed."""

from typing import Annotated

from domain.identity.facade import MailIdentities, PasswordVoided, UserUpdated
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import ConcurrentChange, TooManyRequests
from domain.kernel.schemas import Length
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Command, interactor, message, secret
from domain.sessions.errors import SignInRefused
from domain.sessions.events import SessionStarted
from domain.sessions.models import Factor
from domain.sessions.opening import Opening


@message
class FinishMailedSignIn(Command[Tokens]):
    """Start a session with the code in a mail and the challenge that it was mailed for; this proves the address.

    Five codes may be tried for a challenge. A password that was chosen before anybody proved the address is void then.
    """

    challenge: Annotated[str, Length(1, 100)] = secret()
    code: Annotated[str, Length(1, 32)] = secret()


@interactor(
    access=ANYONE,
    raises=(SignInRefused, ConcurrentChange, TooManyRequests),
    emits=(SessionStarted, UserUpdated, PasswordVoided),
    audit="sessions.session.start_by_mail",
)
class FinishMailedSignInInteractor:
    identities: MailIdentities
    opening: Opening

    async def __call__(self, request: FinishMailedSignIn, origin: Origin) -> Tokens:
        person = await self.identities.prove(request.challenge, request.code, origin)
        if person is None:
            raise SignInRefused
        return await self.opening.open(person, Factor.CODE, origin)
