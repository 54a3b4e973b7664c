"""Erasures, done again after a backup was restored that is older than they are."""

from dataclasses import dataclass
from uuid import UUID

from core.clock import SystemClock
from core.keys import Keys
from core.operating import operated
from core.postgres.database import Database
from core.postgres.erasures import SqlErasures
from core.postgres.organizations import SqlInvitations
from core.postgres.people import SqlUsers
from core.postgres.sessions import SqlSessionEnding
from core.postgres.work import SqlWork
from core.secrets import seal
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.errors import UserNotFound
from domain.identity.events import UserErased
from domain.kernel.ids import UserId
from domain.kernel.usecases import use_case
from domain.organizations.inviting import Withdrawal
from domain.sessions.models import Lifetimes


@dataclass(frozen=True, slots=True)
class Reapplying:
    """Erases people whom the log has erased before, whatever they own by now: they are not there any more."""

    database: Database
    keys: Keys
    policy: ErasurePolicy
    lifetimes: Lifetimes

    async def __call__(self, person: UUID) -> bool:
        """Erase the person in one transaction; return whether there was anybody."""
        clock, user_id = SystemClock(), UserId(person)
        now, people = clock.now(), self.keys.people
        work = SqlWork(self.database, clock, self.keys.secrets.derive("audit"), lambda _: None, people=people)
        try:
            users = SqlUsers(work)
            user = await users.get(user_id)
            ended = await SqlSessionEnding(work, self.lifetimes).end_all(user_id, user.epoch + 1, now)
            addresses = await SqlErasures(work, people, seal(self.keys.secrets)).erase(user, now, self.policy)
            await Withdrawal(SqlInvitations(work), work, clock).withdraw_all(addresses)
            await users.remove(user)
            work.emit(UserErased(user_id=user_id, occurred_at=now), of=user, revokes=ended)
            work.record(use_case(DeleteUser), DeleteUser(user_id=user_id), operated("operator"), "done")
            await work.commit()
        except UserNotFound:
            return False
        finally:
            await work.rollback()
        return True
