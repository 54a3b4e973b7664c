"""Refresh rotation in Postgres: one compare-and-set, and a successor that is derived, never stored."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from core.postgres.database import Database
from core.refresh_tokens import Presented, RefreshTokens
from domain.kernel.ids import SessionId, UserId
from domain.sessions.errors import RefreshRefused
from domain.sessions.ports import RefreshFamilies, Reuse, Rotation

_IDLE: Final = "coalesce(f.rotations[1], s.created_at) <= now() - {}::interval"
# `least` leaves out what is null: without a limit on idleness only the absolute one counts.
_END: Final = "least(f.expires_at, f.rotations[1] + {}::interval)"
# One statement is one transaction and one round trip. Whoever is expired, revoked or deactivated ends here.
# A token of a later generation than the row's is one that we made, whose commit a failover or a restored backup lost.
# The row moves on behind it, as if all those between had been spent now: whoever has a copy of one of them, or was
# given the same again, comes later than that and is found out.
_ROTATE: Final = f"""
UPDATE refresh_families f
SET generation = $2::bigint + 1, address = coalesce($4, f.address),
    rotations = (array_fill(now(), ARRAY[least($2::bigint - f.generation, 7)::integer + 1]) || f.rotations)[1:8]
FROM users u, sessions s
WHERE f.id = $1 AND f.generation <= $2 AND f.revoked_at IS NULL AND f.expires_at > now()
  AND u.id = f.user_id AND u.is_active AND s.id = f.session_id AND s.revoked_at IS NULL
  AND ({_IDLE.format("$3")}) IS NOT TRUE
RETURNING f.generation, f.session_id, f.user_id, u.epoch, s.organization_id, s.factors, s.created_at,
          {_END.format("$3")} AS expires_at
"""  # noqa: S608 - made of constants
# Asked only by the losers of a race and by thieves. `rotations[generation - presented]` is when that one was spent.
_LOOK: Final = f"""
SELECT f.generation, f.session_id, f.user_id, u.epoch, s.organization_id, s.factors, s.created_at,
       {_END.format("$5")} AS expires_at,
       f.revoked_at IS NULL AND f.expires_at > now() AND u.is_active AND s.revoked_at IS NULL
           AND ({_IDLE.format("$5")}) IS NOT TRUE AS live,
       coalesce(f.rotations[f.generation - $2] > now() - $3::interval, false) AS spent_just_now,
       coalesce(f.rotations[f.generation - $2] > now() - $4::interval, false) AS raced
FROM refresh_families f JOIN users u ON u.id = f.user_id JOIN sessions s ON s.id = f.session_id
WHERE f.id = $1
"""  # noqa: S608 - made of constants


RACE: Final = timedelta(seconds=10)
"""Without a grace, how long a spent token still counts as sent together with the one that was taken."""


@dataclass(frozen=True, slots=True)
class SqlRefreshFamilies(RefreshFamilies):
    """Families of refresh tokens. A token proves itself by HMAC, so a made-up one never reaches the database."""

    database: Database
    tokens: RefreshTokens
    grace: timedelta = timedelta(seconds=30)
    """Without any, who loses a race is refused and ends nothing; who comes later has a copy."""
    idle: timedelta | None = None
    """How long a session lives without being refreshed."""

    def whose(self, refresh_token: str) -> UUID | None:
        """See `RefreshFamilies.whose`."""
        presented = self.tokens.read(refresh_token)
        return presented.family if presented else None

    async def rotate(self, refresh_token: str, address: str | None = None) -> Rotation | Reuse:
        """See `RefreshFamilies.rotate`."""
        presented = self.tokens.read(refresh_token)
        if presented is None:
            raise RefreshRefused
        async with self.database.read() as connection:
            row = await connection.fetchrow(_ROTATE, presented.family, presented.generation, self.idle, address)
            if row:
                return self._rotation(presented, row)
            race = timedelta() if self.grace else RACE
            row = await connection.fetchrow(_LOOK, presented.family, presented.generation, self.grace, race, self.idle)
        if row is None or not row["live"] or row["raced"]:
            raise RefreshRefused
        if not row["spent_just_now"]:
            return Reuse(SessionId(row["session_id"]))
        return self._rotation(presented, row)

    def _rotation(self, presented: Presented, row: Any) -> Rotation:
        return Rotation(
            refresh_token=self.tokens.derive(presented.family, presented.key_id, row["generation"]),
            expires_at=row["expires_at"],
            session_id=SessionId(row["session_id"]),
            user_id=UserId(row["user_id"]),
            organization_id=row["organization_id"],
            epoch=row["epoch"],
            factors=row["factors"],
            authenticated_at=row["created_at"],
        )
