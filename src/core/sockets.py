"""Unix sockets in private folders with short names."""

import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

from core.unprivileged import Account, Unavailable, give

LONGEST = 107
"""Bytes a socket's path may have on Linux (104 with its end on macOS)."""

_ROOM = len("/.s.PGSQL.5432") + 4


def socket_folder(place: Path, account: Account | None) -> Path:
    """Return the folder for the sockets of the server at `place`: always the same, open to `account` alone.

    It is `place` itself if the path is short enough, which a temporary folder's cleaner never visits; else a folder in
    the system's temporary one. Raise `Unavailable` if somebody else has made that.
    """
    near = place / "run"
    folder = near if _fits(near) else _temporary(account) / f"gatewright-{sha256(os.fsencode(place)).hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    owners = {os.geteuid(), account.uid} if account else {os.geteuid()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise Unavailable(f"{folder} belongs to somebody else: remove it, or set TMPDIR to a folder of your own.")
    folder.chmod(0o700)
    give(folder, account)
    return folder


def _temporary(account: Account | None) -> Path:
    chosen = Path(tempfile.gettempdir())
    far = chosen / f"gatewright-{'0' * 16}"
    return chosen if _fits(far) and (not account or account.enters(chosen)) else Path("/tmp")  # noqa: S108 - made private above


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + _ROOM < LONGEST - 3
