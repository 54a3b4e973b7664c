"""Passwords that were stolen elsewhere: looked up in files, or asked of a range API without telling which one is meant.

Both know SHA-1 in upper-case hexadecimal, as Have I Been Pwned publishes it.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha1
from logging import WARNING, getLogger
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from core.settings import PREFIX as VARIABLES
from core.settings import Misconfigured, Settings
from domain.identity.ports import BreachedPasswords

PREFIX: Final = 5
"""Characters of a hash that are told: some thousand passwords share them."""
LONGEST_LINE: Final = 64
"""40 characters, a colon and a count."""
LARGEST_RANGE: Final = 1 << 20
"""Bytes; what is published has 30,000 to 60,000."""

log = getLogger(__name__)
# It would log each address, which ends with the beginning of a hash.
getLogger("httpx").setLevel(WARNING)


Told = Callable[[str], None]
"""Told how a question ended: `found`, `clean` or `unknown`."""


@dataclass(frozen=True, slots=True)
class BreachedFiles(BreachedPasswords):
    """Look in one sorted file of `HASH:count`, or in a folder of files `21BD1.txt` of `REST:count`."""

    path: Path
    told: Told

    async def includes(self, password: str) -> bool:
        """See `BreachedPasswords.includes`. Reads a few blocks, or one file of a range; keeps nothing in memory."""
        try:
            found = await asyncio.to_thread(self._find, _digest(password))
        except (OSError, ValueError) as error:
            # What is said in full would name the file, and with it the beginning of the hash.
            log.warning("breached passwords cannot be read from %s: %s", self.path, type(error).__name__)
            self.told("unknown")
            return False
        self.told("found" if found else "clean")
        return found

    def _find(self, digest: str) -> bool:
        if self.path.is_dir():
            with self._range(digest[:PREFIX]).open("rb") as file:
                return _listed(digest[PREFIX:], file.read(LARGEST_RANGE).decode("ascii").splitlines())
        with self.path.open("rb") as file:
            return _searched(digest.encode(), file)

    def _range(self, prefix: str) -> Path:
        named = self.path / f"{prefix}.txt"
        return named if named.exists() else self.path / prefix


@dataclass(frozen=True, slots=True)
class BreachedRanges(BreachedPasswords):
    """Ask a range API (k-anonymity): it learns the first five characters of a hash, and is answered padded."""

    url: str
    """What the five characters are put behind."""
    told: Told
    deadline: float = 1.0
    """Seconds, all in all."""
    _client: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        headers = {"add-padding": "true", "user-agent": "gatewright"}
        object.__setattr__(self, "_client", httpx.AsyncClient(headers=headers, timeout=self.deadline, trust_env=False))

    async def includes(self, password: str) -> bool:
        """See `BreachedPasswords.includes`. Nobody is kept from choosing a password because another host is away."""
        digest = _digest(password)
        try:
            async with asyncio.timeout(self.deadline):
                found = _listed(digest[PREFIX:], (await self._ask(digest[:PREFIX])).splitlines())
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("breached passwords cannot be asked for: %s", type(error).__name__)
            self.told("unknown")
            return False
        self.told("found" if found else "clean")
        return found

    async def close(self) -> None:
        """Close what is connected."""
        await self._client.aclose()

    async def _ask(self, prefix: str) -> str:
        body = bytearray()
        async with self._client.stream("GET", f"{self.url.rstrip('/')}/{prefix}") as answer:
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST_RANGE:
                    raise ValueError("its answer is too large")
        return body.decode("ascii")


def breached_passwords(settings: Settings, told: Told) -> BreachedFiles | BreachedRanges | None:
    """Return what is configured, None for nothing; raise `Misconfigured`."""
    source = settings.breached_passwords
    if source.startswith(("https://", "http://")):
        return BreachedRanges(source, told, settings.breached_passwords_seconds)
    if not source:
        return None
    path = Path(source).expanduser().resolve()
    if not path.exists():
        raise Misconfigured(f"{VARIABLES}BREACHED_PASSWORDS: there is no file or folder {path}")
    return BreachedFiles(path, told)


def _digest(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def _listed(rest: str, lines: Iterable[str]) -> bool:
    """Return whether `REST:count` is there; those with no count are padding."""
    for line in lines:
        known, _, count = line.partition(":")
        if known.strip().upper() == rest:
            return count.strip() != "0"
    return False


def _searched(digest: bytes, file: BinaryIO) -> bool:
    """Search a sorted file by halves. A line begins after `low` always, and before `high` if it may be the one."""
    low, high = 0, file.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        file.seek(middle)
        if middle:
            # What begins before the middle was cut in two.
            file.seek(middle - 1)
            file.readline(LONGEST_LINE)
        start, line = file.tell(), file.readline(LONGEST_LINE)
        known = line[: len(digest)].upper()
        if known == digest:
            return True
        if not line or start >= high or known > digest:
            high = middle
        else:
            low = start + len(line)
    return False
