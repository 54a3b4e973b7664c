"""Shapes of erasures."""

from dataclasses import dataclass
from datetime import datetime

from domain.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A subscriber that was to erase its copies. The time is null until it has said that it did."""

    subscriber: str
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of one person. There is nothing left of them but the id."""

    user_id: UserId
    erased_at: datetime
    """When their rows and their key were destroyed: from then on nobody can read what was said about them."""
    finished_at: datetime | None
    """When what is kept outside the database was gone too; null until then."""
    due_at: datetime
    """Until when subscribers have to acknowledge it."""
    is_overdue: bool
    """Whether one of them did not in time."""
    acknowledgements: list[Acknowledgement]
