"""Tokens of ours, whoever presents them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from core.postgres.database import Database
from core.refresh_tokens import RefreshTokens
from domain.kernel.access import Actor
from domain.kernel.ids import SessionId
from domain.sessions.ports import AccessTokenId, PresentedToken, PresentedTokens
from gatewright_verifier.errors import InvalidToken
from gatewright_verifier.revocations import Verdict
from gatewright_verifier.tokens import Token, VerifiedTokens

_SESSION: Final = "SELECT session_id FROM refresh_families WHERE id = $1 AND revoked_at IS NULL"


@dataclass(frozen=True, slots=True)
class SqlPresentedTokens(PresentedTokens):
    """Both kinds prove themselves; only whose session a refresh token belongs to is looked up."""

    access: VerifiedTokens[Actor]
    refresh: RefreshTokens
    database: Database

    def whose(self, token: str) -> UUID | None:
        """See `PresentedTokens.whose`."""
        if presented := self.refresh.read(token):
            return presented.family
        found = self._verified(token)
        return found.who.session_id if found else None

    async def read(self, token: str) -> PresentedToken | None:
        """See `PresentedTokens.read`."""
        if presented := self.refresh.read(token):
            async with self.database.read() as connection:
                session_id = await connection.fetchval(_SESSION, presented.family)
            return session_id and PresentedToken(SessionId(session_id), None)
        found = self._verified(token)
        # It is asked here only to save work, so it does not matter whether the answer is the newest.
        if found is None or self.access.revocations.judge(found.subjects, found.issued, found.epoch) is Verdict.REVOKED:
            return None
        named = dict(each.split(":", 1) for each in found.subjects)
        access = AccessTokenId(UUID(named["token"]), datetime.fromtimestamp(found.expires, UTC))
        return PresentedToken(found.who.session_id, access)

    def _verified(self, token: str) -> Token[Actor] | None:
        try:
            return self.access.verifier.verify(token.encode("utf-8", "replace"))
        except InvalidToken:
            return None
