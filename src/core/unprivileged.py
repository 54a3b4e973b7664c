"""Run servers that refuse root, or should not have it, as an ordinary account that can reach what they need."""

import contextlib
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

HOME = Path("/var/lib/gatewright")
"""Where root keeps what an unprivileged account cannot reach elsewhere, such as in a clone below /root."""

ACCOUNTS = ("postgres", "nobody")


class Unavailable(Exception):
    """A server cannot run here; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine, with its own group only."""

    name: str
    uid: int
    gid: int

    def enters(self, folder: Path) -> bool:
        """Tell whether the account may pass through `folder` and every folder above it."""
        folder = folder.resolve()
        return all(self._may(step, stat.S_IXUSR) for step in (folder, *folder.parents))

    def runs(self, file: Path) -> bool:
        """Tell whether the account may execute `file` where it lies."""
        return self.enters(file.parent) and self._may(file, stat.S_IXUSR)

    def _may(self, path: Path, owner_bit: int) -> bool:
        status = path.stat()
        shift = 0 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 6
        return bool(status.st_mode & (owner_bit >> shift))

    @property
    def process(self) -> dict[str, Any]:
        """What `subprocess` takes to run as this account: root's groups are not inherited."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged() -> Account | None:
    """Return the account that servers run as, None for our own: only root has to step down."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    from pwd import getpwnam  # noqa: PLC0415 - there is none on Windows

    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise Unavailable(f"Root cannot run a server here: add an account named {' or '.join(ACCOUNTS)}.")


def give(path: Path, account: Account | None) -> None:
    """Make `account` the owner of `path`."""
    if account:
        os.chown(path, account.uid, account.gid)


def placed(folder: Path, account: Account | None, home: Path = HOME) -> Path:
    """Make `folder` and return where it really is.

    It stays where it was asked for unless `account` cannot get there: then it lies in `home`, under a name made of the
    path alone, and `folder` is a link to it. Raise `Unavailable` if the folder is full and out of reach.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder = folder.parent.resolve() / folder.name
        if not account:
            folder.mkdir(mode=0o700, exist_ok=True)
        elif not folder.is_symlink():
            _open_for(account, folder, home)
        return folder.resolve(strict=True)
    except OSError as error:
        hint = "set GATEWRIGHT_DATA_DIR to another folder"
        raise Unavailable(f"{folder} cannot be used ({error.strerror}): {hint}.") from None


def _open_for(account: Account, folder: Path, home: Path) -> None:
    real = folder
    if not account.enters(folder.parent):
        if folder.is_dir() and any(folder.iterdir()):
            raise Unavailable(f"{account.name} cannot reach {folder}: let others pass through the folders above it.")
        real = home / f"{folder.name}-{_digest(folder)}"
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        folder.symlink_to(real)
    real.mkdir(mode=0o711, parents=True, exist_ok=True)
    real.chmod(0o711)


def runnable(program: Path, parts: Sequence[Path], root: Path, account: Account | None, home: Path = HOME) -> Path:
    """Return `program` where `account` may execute it: copy `parts`, folders below `root`, to `home` if it must."""
    if not account or account.runs(program):
        return program
    copy = home / f"programs-{_digest(program, program.stat().st_mtime_ns)}"
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        try:
            for part in parts:
                shutil.copytree(part, fresh / part.relative_to(root), symlinks=True)
            _publish(fresh)
            fresh.rename(copy)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            if not copy.exists():
                raise Unavailable(f"{account.name} cannot run {program}, nor a copy in {home}: {error}.") from None
    return copy / program.relative_to(root)


def _publish(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _digest(*parts: object) -> str:
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
