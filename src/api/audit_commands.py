"""What `gatewright audit` does."""

import asyncio
import gzip
import hashlib
import json
import re
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from api.starting import Hopeless, ready_database
from core.audit.checking import Fault
from core.audit.keys import AuditKeys
from core.keys import Keys
from core.postgres.audit_trail import Verification
from core.postgres.database import Database
from core.postgres.direct import session
from core.settings import Settings

PATIENCE: Final = 60.0
"""Seconds for one batch: a busy database is no reason to give up."""
ANCHOR: Final = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def verify(
    settings: Settings,
    first: int,
    last: int | None,
    file: Path | None,
    anchors: Mapping[int, str],
    *,
    as_json: bool,
) -> int:
    """Print what is wrong, as it is found; return the exit status, 1 if anything is."""
    url, keys = ready_database(settings), AuditKeys.of(Keys.read(settings).secrets)

    async def run() -> int:
        with _progress(hidden=as_json or not sys.stderr.isatty()) as progress:
            async with session(Database(url, size=1, statement_timeout=PATIENCE), "gatewright-audit") as connection:
                looking = Verification(connection, keys, first, last, dict(anchors), progress)
                faults = _told(looking.file(_lines(file), _digest(file)) if file else looking.run(), as_json=as_json)
                return _summed_up(looking, await faults, as_json=as_json)

    try:
        return asyncio.run(run())
    except (OSError, EOFError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise Hopeless(f"{file or 'the audit trail'} cannot be read: {error}") from error


async def _told(faults: AsyncIterator[Fault], *, as_json: bool) -> int:
    count = 0
    async for fault in faults:
        count += 1
        if as_json:
            click.echo(json.dumps(asdict(fault)))
        else:
            places = str(fault.position) if fault.position == fault.last else f"{fault.position}-{fault.last}"
            click.echo(f"{places}  {fault.wrong}: {fault.detail}")
    return count


def _summed_up(looked: Verification, faults: int, *, as_json: bool) -> int:
    said = {"entries": looked.entries, "checkpoints": looked.checkpoints, "reached": looked.reached, "faults": faults}
    if as_json:
        click.echo(json.dumps(said))
    else:
        verdict = f"{faults} faults" if faults else "nothing is wrong"
        click.echo(f"{looked.entries} entries up to {looked.reached}, {looked.checkpoints} checkpoints: {verdict}.")
    return int(faults > 0)


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of an archived partition, packed or not."""
    with gzip.open(file, "rt") if _packed(file) else file.open() as opened:
        yield from opened


def _digest(file: Path) -> str | None:
    """Return the SHA-256 of an archived partition, None of one that was unpacked: its entries speak for themselves."""
    if not _packed(file):
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _packed(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(2) == b"\x1f\x8b"


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    if hidden:
        yield lambda _done, _all: None
        return
    with click.progressbar(length=1, label="Verifying", file=sys.stderr) as bar:

        def show(done: int, whole: int) -> None:
            bar.length = max(whole, done, 1)
            bar.update(done - bar.pos)

        yield show


def anchor(said: Iterable[str]) -> dict[int, str]:
    """Return chains by position, of texts `POSITION:CHAIN`; raise `click.BadParameter`."""
    found: dict[int, str] = {}
    for each in said:
        parts = ANCHOR.fullmatch(each)
        if not parts:
            raise click.BadParameter(f"{each} is not POSITION:CHAIN with a chain of 64 hexadecimal digits")
        found[int(parts[1])] = parts[2]
    return found
