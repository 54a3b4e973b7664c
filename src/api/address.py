"""Where `gatewright run` serves, for commands that come after it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from core.settings import Settings

FILE: Final = "address"
"""In the data folder: the base URL, while it runs. The port may be another one than the settings say."""


@contextmanager
def noted(settings: Settings, address: str) -> Iterator[None]:
    """Let `served_at` say `address` for as long as the block."""
    file = settings.folder / FILE
    file.write_text(address, encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def served_at(settings: Settings) -> str:
    """Return the base URL of what runs with this data folder, or would run, without a slash at the end."""
    with suppress(OSError):
        return (settings.folder / FILE).read_text(encoding="utf-8").rstrip("/")
    return settings.served_at
