"""The one-time link for the first administrator."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from core.postgres.people import finish_setup
from core.postgres.work import SqlWork
from domain.identity.errors import SetupClosed
from domain.identity.ports import Setup


@dataclass(frozen=True, slots=True)
class SetupToken:
    """The token of the link, derived from the master secret: nothing is stored, and it dies with the setup."""

    key: bytes

    def __str__(self) -> str:
        return "gws_" + urlsafe_b64encode(self.key).rstrip(b"=").decode()

    def fits(self, token: str) -> bool:
        """Return whether `token` is this one, in constant time."""
        return compare_digest(str(self).encode(), token.encode("utf-8", "replace"))


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
