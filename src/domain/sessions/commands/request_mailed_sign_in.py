"""Ask for a code to sign in with."""

from dataclasses import dataclass

from domain.identity.facade import Email, EmailInvalid, MailIdentities
from domain.kernel.access import ANYONE, Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.usecases import Command, interactor, message


@dataclass(frozen=True, slots=True)
class SignInChallenge:
    """What the code in the mail is the answer to."""

    challenge: str
    """Sent back with the code; worth nothing without it."""


@message
class RequestMailedSignIn(Command[SignInChallenge]):
    """Mail somebody a code, and a link, to sign in with; the caller does not learn whether there is anybody.

    A code works once, for ten minutes, and only together with the challenge that comes back. Past a few mails an hour
    to one address no more is sent, and the answer is the same.
    """

    email: Email


@interactor(access=ANYONE, raises=(EmailInvalid, TooManyRequests), audit="sessions.session.request_mail")
class RequestMailedSignInInteractor:
    identities: MailIdentities

    async def __call__(self, request: RequestMailedSignIn, origin: Origin) -> SignInChallenge:
        return SignInChallenge(await self.identities.challenge(request.email, origin))
