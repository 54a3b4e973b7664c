"""Create the account that somebody asked for, behind their request."""

from domain.identity.errors import EmailTaken, UserNotFound
from domain.identity.events import UserCreated
from domain.identity.mailing import LinkMails
from domain.identity.models import EmailAddress, User
from domain.identity.registration import TAKEN, Accounts
from domain.identity.repositories import Users
from domain.kernel.access import Permission, needs
from domain.kernel.ids import UserId
from domain.kernel.mails import AccountKnownMail, UsernameTakenMail
from domain.kernel.ports import Clock, Mailer
from domain.kernel.usecases import Command, interactor, message, secret


@message
class OpenAccount(Command[None]):
    """Create an account of what was judged before, and mail a welcome; or tell the owner that there is one.

    Repeated, it changes nothing and mails nothing.
    """

    user_id: UserId
    email: str
    """In canonical form."""
    password_hash: str = secret()
    full_name: str | None = None
    username: str | None = None
    bearable: bool
    """Whether the address may be told that there is no new account."""


@interactor(
    access=needs(Permission.USERS_WRITE),
    emits=(UserCreated,),
    audit="identity.user.open_account",
)
class OpenAccountInteractor:
    accounts: Accounts
    users: Users
    mails: LinkMails
    mailer: Mailer
    clock: Clock

    async def __call__(self, request: OpenAccount) -> None:
        if await self._is_there(request.user_id):
            return
        address, now = EmailAddress(request.email), self.clock.now()
        user = User(
            id=request.user_id,
            email=address,
            username=request.username,
            full_name=request.full_name,
            created_at=now,
            updated_at=now,
        )
        try:
            await self.accounts.open(user, request.password_hash)
        except TAKEN as taken:
            # Only who reads the mail learns it: which of the two it was would tell about the address.
            if request.bearable:
                self.mailer.send(address, AccountKnownMail() if isinstance(taken, EmailTaken) else UsernameTakenMail())
        else:
            # There is one for each account, and nobody shall have an account without having heard of it.
            await self.mails.welcome(user)

    async def _is_there(self, user_id: UserId) -> bool:
        try:
            await self.users.get(user_id)
        except UserNotFound:
            return False
        return True
