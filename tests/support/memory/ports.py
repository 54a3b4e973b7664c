"""Small ports in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.mail_templates import render
from core.pipeline import Authenticator
from domain.kernel.access import Actor, Standing
from domain.kernel.errors import InvalidToken
from domain.kernel.ids import SessionId, UserId
from domain.kernel.mails import Mail
from domain.kernel.ports import Clock, Mailer
from domain.kernel.revocation import RevocationScope
from domain.kernel.usecases import UseCase
from domain.sessions.models import Session
from tests.support.memory.sessions import SESSIONS, token_id
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class MovableClock(Clock):
    """A clock that stands still until it is moved."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def pass_by(self, time: timedelta) -> None:
        """Let `time` pass."""
        self.time += time


@dataclass(frozen=True, slots=True)
class MemoryMailer(Mailer):
    """Queues mails as jobs, in clear."""

    work: MemoryWork

    def send(self, to: str, mail: Mail) -> None:
        self.work.enqueue("send_mail", {"to": to, "mail": mail.name, "text": render(mail).text}, to=to)


@dataclass(frozen=True, slots=True)
class SessionTokens(Authenticator):
    """Reads `PlainAccessTokens`; refuses those of sessions that ended."""

    memory: Memory

    async def identify(self, credential: bytes) -> Actor:
        user_id, session_id, epoch, _ = credential.decode().split()
        session: Session | None = self.memory.table(SESSIONS).get(SessionId(UUID(session_id)))
        if session is None or session.revoked_at is not None:
            raise InvalidToken
        if (RevocationScope.TOKEN, str(token_id(credential.decode()))) in self.memory.revocations:
            raise InvalidToken
        proved = int(session.created_at.timestamp())
        return Actor(UserId(UUID(user_id)), session.id, None, int(epoch), proved)


class Firm(Standing):
    """Of a caller whom nothing happens to."""

    async def confirm(self) -> None:
        pass


@dataclass
class Witnessed:
    """How every recorded use case ended."""

    ended: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, case: UseCase, outcome: str) -> None:
        self.ended.append((case.name, outcome))
