"""Accounts, as other capabilities see them."""

from dataclasses import dataclass

from domain.identity.facade import Accounts, NewPerson, Person
from domain.identity.models import User
from domain.identity.ports import Credentials, EmailAddresses
from domain.identity.registration import Applicant, Registration
from domain.identity.repositories import Users
from domain.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class RegisteredAccounts(Accounts):
    """The accounts of the people who can sign in."""

    users: Users
    credentials: Credentials
    addresses: EmailAddresses
    registration: Registration

    def address(self, text: str) -> str:
        """See `Accounts.address`."""
        return self.addresses.parse(text)

    async def find(self, address: str) -> UserId | None:
        """See `Accounts.find`."""
        found = await self.credentials.find(address)
        return found.user_id if found else None

    async def get(self, user_id: UserId) -> Person:
        """See `Accounts.get`."""
        return _person(await self.users.get(user_id))

    async def register(self, new: NewPerson) -> Person:
        """See `Accounts.register`."""
        applicant = Applicant(
            email=new.email,
            password=new.password,
            full_name=new.full_name,
            username=new.username,
            email_verified=True,
            words=new.words,
        )
        return _person(await self.registration.register(applicant))


def _person(user: User) -> Person:
    return Person(user.id, user.email, user.is_active)
