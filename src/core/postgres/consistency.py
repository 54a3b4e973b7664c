"""How much of the database an answer has seen, for those who keep answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from domain.kernel.consistency import ConsistencyToken

SEEN: Final = """
pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, (SELECT log_id FROM log_head) AS log_id
"""
"""Columns to add to the statement that loads what is to be kept: they describe the very snapshot it reads."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Every transaction of `log` below `horizon` was visible."""

    log: bytes
    horizon: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the columns `SEEN`."""
        return cls(row["log_id"].bytes[:8], row["horizon"])

    def includes(self, token: ConsistencyToken | None) -> bool:
        """Return whether what was loaded is at least as fresh as the command of `token`."""
        return token is None or token.within(self.log, self.horizon)
