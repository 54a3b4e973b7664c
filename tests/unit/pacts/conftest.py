"""See `tests.support.pacts`."""

from tests.support.pacts import untracked

__all__ = ["untracked"]
