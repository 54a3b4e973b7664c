"""Dossiers in parts."""

from dataclasses import dataclass

from domain.identity.dossiers.readers import DossierPlace, Dossiers
from domain.identity.dossiers.schemas import Dossier
from domain.identity.errors import UserNotFound
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock, Cursors


@dataclass(frozen=True, slots=True)
class DossierParts:
    """Reads a part of a dossier, and says where the next one begins."""

    dossiers: Dossiers
    cursors: Cursors
    clock: Clock

    async def read(self, user_id: UserId, cursor: str | None) -> Dossier:
        """Return the part, or raise `UserNotFound`, or `CursorInvalid` unless the cursor is of the same person."""
        scope = ["Dossier", str(user_id)]
        after = DossierPlace(*self.cursors.open(scope, cursor)) if cursor is not None else None
        part = await self.dossiers.find(user_id, after)
        if part is None:
            raise UserNotFound
        following = self.cursors.seal(scope, [part.next.event, part.next.entry]) if part.next else None
        return Dossier(user_id, self.clock.now(), part.held, following)
