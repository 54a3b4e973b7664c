"""The time."""

from datetime import UTC, datetime

from domain.kernel.ports import Clock


class SystemClock(Clock):
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)
