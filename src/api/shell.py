"""What the commands of the command line have in common."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from core.settings import Misconfigured, Settings, load, unknown

JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def one_line() -> Iterator[None]:
    """End with a line that says what to do, instead of a stack trace, when what is wrong is outside of us."""
    from api.starting import Hopeless  # noqa: PLC0415

    try:
        yield
    except (Hopeless, Misconfigured) as error:
        for line in str(error).splitlines():
            click.echo(f"gatewright: {line}", err=True)
        sys.exit(1)


def configured() -> Settings:
    """Return the settings; say which of the environment mean nothing."""
    for name in unknown():
        click.echo(f"gatewright: {name} means nothing here; is it misspelt? See .env.example.", err=True)
    return load()
