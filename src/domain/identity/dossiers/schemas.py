"""The shape of a dossier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is held about a person, but for what only proves who they are: hashes, and keys."""

    user_id: UserId
    exported_at: datetime
    held: Mapping[str, list[Any]]
    """By what it is, like `sessions` or `events`: each an object with the names of the columns, or a CloudEvent."""
    next: str | None = None
    """The cursor of more `events` and `audit` entries; null at the end."""
