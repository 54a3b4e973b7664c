"""How a dossier is read."""

from collections.abc import Mapping
from typing import Any, Protocol

from domain.kernel.ids import UserId


class Dossiers(Protocol):
    """Read everything that is held about a person."""

    async def find(self, user_id: UserId) -> Mapping[str, list[Any]] | None:
        """Return it by what it is, as last committed, ready for JSON, without any secret; None if there is nobody.

        `account` has one item; `events` are CloudEvents in their order, `audit` what the person did or was done to.
        """
