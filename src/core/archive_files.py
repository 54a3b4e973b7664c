"""Files that hold what was a partition of a log: a line of JSON for each entry, with gzip; and what is said of them."""

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import msgspec

CHUNK: Final = 1 << 20


class Spoilt(Exception):
    """The file is not what was written: somebody changed it, or the disk did. The text names it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of one file; `<file>.json` beside it says the same, for those who have no database."""

    log: str
    """The name of the table."""
    first: int
    last: int
    """The positions of the partition: the first and the last that belong to it."""
    entries: int
    first_at: datetime
    last_at: datetime
    """The earliest and the latest moment at which something in it happened; entries follow each other almost so."""
    ending: str | None
    """Of an audit trail: the chain at its last entry, in hexadecimal. The next partition starts from it."""
    file: str
    """Relative to the folder of the archive."""
    bytes: int
    sha256: str
    """Of the file as it is, in hexadecimal."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.log}-{self.first}-{self.last}"


@dataclass(slots=True)
class Writing:
    """A file being written under another name; it gets its own when it has been read back."""

    path: Path
    _file: BinaryIO = field(init=False)
    _zip: gzip.GzipFile = field(init=False)
    _digest: Any = field(default_factory=hashlib.sha256, init=False)
    _entries: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._zip = gzip.GzipFile("", "wb", 6, self._file, mtime=0)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        finally:  # on a full disk closing fails as well, and what is left there would keep it full
            self._aside.unlink(missing_ok=True)

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.partial")

    def add(self, entries: Iterable[str]) -> None:
        """Add a line for each entry."""
        lines = [f"{entry}\n".encode() for entry in entries]
        text = b"".join(lines)
        self._entries += len(lines)
        self._digest.update(text)
        self._zip.write(text)

    def keep(self) -> tuple[int, int, str]:
        """Have it on disk, read it back, and give it its name; return its entries, its bytes and its digest."""
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        digest, content = hashlib.sha256(), hashlib.sha256()
        entries = 0
        with self._aside.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            size = file.tell()
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unzipped:
                for line in unzipped:
                    entries += 1
                    content.update(line)
        if (entries, content.digest()) != (self._entries, self._digest.digest()):
            raise Spoilt(f"{self._aside} does not say what was written to it")
        self._aside.rename(self.path)
        _settle(self.path.parent)
        return entries, size, digest.hexdigest()


def describe(folder: Path, manifest: Manifest) -> None:
    """Write down what is known of a file, beside it; of one that was never described nothing is left if that fails."""
    path = folder / f"{manifest.file}.json"
    aside = path.with_name(f"{path.name}.partial")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except OSError:  # a full disk, and that of the database may be the same
        if not path.exists():
            (folder / manifest.file).unlink(missing_ok=True)
        raise
    finally:
        aside.unlink(missing_ok=True)
    _settle(path.parent)


def entries(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield the entries of a file, in order; raise `Spoilt` before the first unless it is the one that was written."""
    path, digest = folder / manifest.file, hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            if digest.hexdigest() != manifest.sha256:
                raise Spoilt(f"{path} is not what was archived: its SHA-256 is another")
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unzipped:
                for line in unzipped:
                    yield line.decode().rstrip("\n")
    except OSError as error:
        raise Spoilt(f"{path} cannot be read: {error.strerror or error}") from error


def _settle(folder: Path) -> None:
    """Have the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
