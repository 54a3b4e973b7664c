"""People in Postgres: what queries and proofs read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.postgres.database import Database
from core.postgres.people import EVERYWHERE
from domain.identity.ports import Credentials, KeptCredential
from domain.identity.readers import Place, ProfileLists, Profiles, UserFilter
from domain.identity.schemas import UserProfile
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import PLATFORM, UserId

_COLUMNS: Final = f"""
    u.id, u.email, u.email_verified, u.username, u.full_name, u.is_active, u.created_at, u.updated_at, u.version,
    EXISTS (
        SELECT FROM grants g JOIN roles r ON r.id = g.role_id AND r.organization_id IS NULL AND r.name = 'superuser'
        WHERE g.subject_type = 'user' AND g.subject_id = u.id AND g.organization_id = '{PLATFORM}'
    ) AS is_superuser
"""
_FIND: Final = f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1"  # noqa: S608 - made of constants
_LIST: Final = f"""
SELECT {_COLUMNS} FROM users u
WHERE ($1::text IS NULL OR strpos(u.email, $1) > 0) AND ($2::boolean IS NULL OR u.is_active = $2)
  AND ($3::timestamptz IS NULL OR (u.created_at, u.id) < ($3, $4::uuid))
ORDER BY u.created_at DESC, u.id DESC LIMIT $5
"""  # noqa: S608 - made of constants
_CREDENTIAL: Final = f"""
SELECT u.id AS user_id, u.email, c.password_hash, u.is_active, u.email_verified, u.epoch, u.created_at,
       coalesce(f.failures, 0) AS failures, coalesce(h.failures, 0) AS failures_here,
       f.failed_at, h.failed_at AS failed_here_at
FROM users u
LEFT JOIN credentials c ON c.user_id = u.id
LEFT JOIN sign_in_failures f ON f.account = u.id || '@{EVERYWHERE}'
LEFT JOIN sign_in_failures h ON h.account = u.id || '@' || $2
WHERE u.%s = $1
"""  # noqa: S608 - made of constants; the column is one of three


def profile(row: Any) -> UserProfile:
    """Read a row of `_COLUMNS`."""
    return UserProfile(
        id=UserId(row["id"]),
        email=row["email"],
        email_verified=row["email_verified"],
        username=row["username"],
        full_name=row["full_name"],
        is_active=row["is_active"],
        is_superuser=row["is_superuser"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


@dataclass(frozen=True, slots=True)
class SqlProfiles(Profiles, ProfileLists):
    """Profiles as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, user_id: UserId, seen: ConsistencyToken | None) -> UserProfile | None:  # noqa: ARG002 - always newest
        """See `Profiles.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, user_id)
        return row and profile(row)

    async def list(self, wanted: UserFilter, after: Place | None, most: int) -> Sequence[UserProfile]:
        """See `ProfileLists.list`."""
        email = wanted.email.casefold() if wanted.email else None
        place = (after.created_at, after.user_id) if after else (None, None)
        async with self.database.read() as connection:
            return [profile(row) for row in await connection.fetch(_LIST, email, wanted.is_active, *place, most)]


@dataclass(frozen=True, slots=True)
class SqlCredentials(Credentials):
    """What proves a person, read before anything is hashed."""

    database: Database

    async def find(self, login: str, network: str = "") -> KeptCredential | None:
        """See `Credentials.find`."""
        return await self._find("email" if "@" in login else "username", login, network)

    async def find_by_id(self, user_id: UserId, network: str = "") -> KeptCredential | None:
        """See `Credentials.find_by_id`."""
        return await self._find("id", user_id, network)

    async def _find(self, column: str, value: object, network: str) -> KeptCredential | None:
        async with self.database.read() as connection:
            row = await connection.fetchrow(_CREDENTIAL % column, value, network)
        return row and KeptCredential(**row)
