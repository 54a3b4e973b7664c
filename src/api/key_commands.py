"""What `gatewright keys` does, through the pipeline that every message goes through."""

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime
from inspect import getdoc
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from msgspec import to_builtins

from api.starting import Hopeless, ready_database
from core.key_forge import SealingForge
from core.keys import Keys
from core.operating import CALL, operator
from core.postgres.database import Database
from core.settings import Settings
from domain.kernel.errors import DomainError
from domain.kernel.schemas import Page
from domain.kernel.usecases import Message
from domain.keys.commands.remove_key import RemoveKey
from domain.keys.commands.rotate_keys import RotateKeys
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.queries.list_keys import ListKeys
from domain.keys.schemas import KeyDetails

R = TypeVar("R")

TIMES: Final = ("published", "ready", "activated", "retired", "removed", "expires")


def show(settings: Settings, *, as_json: bool) -> int:
    """Print the keys; return the exit status."""
    return _told(lambda: _run(settings, ListKeys()), as_json=as_json)


def rotate(settings: Settings, *, as_json: bool) -> int:
    """Have the waiting key sign, and print it; return the exit status."""
    return _told(lambda: _run(settings, RotateKeys()), as_json=as_json)


def remove(settings: Settings, kid: str, *, as_json: bool) -> int:
    """Remove a key, and print what is left; return the exit status."""

    def removed() -> Page[KeyDetails]:
        _run(settings, RemoveKey(kid=kid))
        return _run(settings, ListKeys())

    return _told(removed, as_json=as_json)


def adopt(settings: Settings, file: Path, *, as_json: bool) -> int:
    """Start the ring in the database with the keys of a file, and print it; return the exit status."""
    # The file may still be configured: it goes on until every process has been started without it.
    ours = settings.model_copy(update={"signing_keys_file": None})

    def adopted() -> Page[KeyDetails]:
        if _run(ours, ListKeys()).items:
            raise Hopeless("there are keys in the database already: only an empty ring takes those of a file.")
        try:
            _run(ours, TendKeys(), file)
        except ValueError as error:
            raise Hopeless(f"{file}: {error}") from error
        return _run(ours, ListKeys())

    return _told(adopted, as_json=as_json)


def _run(settings: Settings, message: Message[R], inheritance: Path | None = None) -> R:
    url, keys = ready_database(settings), Keys.read(settings)
    forge = SealingForge(keys.safe, inheritance) if inheritance else keys.forge(settings)

    async def run() -> R:
        database = Database(url, size=1)
        await database.open()
        try:
            return (await operator(database, keys, forge, "operator")(message, CALL)).result
        finally:
            await database.close()

    return asyncio.run(run())


def _told(work: Any, *, as_json: bool) -> int:
    try:
        result = work()
    except DomainError as refusal:
        title = (getdoc(type(refusal)) or "").partition("\n\n")[0]
        said = {"code": refusal.code, "title": title, "detail": refusal.detail}
        if as_json:
            click.echo(json.dumps(said, indent=2))
        else:
            click.echo(f"gatewright: {refusal.detail or title} ({refusal.code})", err=True)
        return 1
    if as_json:
        click.echo(json.dumps(to_builtins(result), indent=2))
    else:
        _table(result.items if isinstance(result, Page) else [result])
    return 0


def _table(keys: Iterable[KeyDetails]) -> None:
    for key in keys:
        times = [(name, getattr(key, f"{name}_at")) for name in TIMES]
        shown = "  ".join(f"{name} {_moment(at)}" for name, at in times if at)
        click.echo(f"{key.state.value:<8} {key.algorithm:<6} {key.kid}  {shown}".rstrip())


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
