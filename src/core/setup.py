"""The setup of a new installation."""

from dataclasses import dataclass
from datetime import datetime

from core.keys import SetupToken
from core.postgres.people import finish_setup
from core.postgres.work import SqlWork
from domain.identity.errors import SetupClosed
from domain.identity.ports import Setup


@dataclass(frozen=True, slots=True)
class SqlSetup(Setup):
    """Whether the first administrator may still be named."""

    work: SqlWork
    token: SetupToken

    def prove(self, token: str) -> None:
        """See `Setup.prove`."""
        if not self.token.fits(token):
            raise SetupClosed

    async def finish(self, at: datetime) -> None:
        """See `Setup.finish`."""
        await finish_setup(self.work, at)
