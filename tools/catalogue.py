"""Write the pages that come from the declarations.

Usage: python -m tools.catalogue [--check]
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime
from inspect import cleandoc, getdoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from api.problems import status_of
from core.discovery import below, load_use_cases
from core.event_schemas import Kind, declared
from domain.kernel.access import Permission
from domain.kernel.errors import DomainError
from domain.kernel.events import added, personal
from domain.kernel.usecases import UseCase, use_cases
from tools.coverage import coverage
from tools.schemas import files, left_over

NOTICE: Final = "<!-- Written by `make docs` from the declarations; `make check` fails when it is stale. -->\n"
NAMES: Final[dict[Any, str]] = {
    NoneType: "null",
    bool: "true or false",
    datetime: "time (RFC 3339, UTC)",
    int: "integer",
    str: "text",
    UUID: "UUID",
}
"""How JSON carries what fields are made of."""


def errors() -> str:
    """Return the page of every refusal a caller may meet."""
    rows = sorted(
        (kind.code, str(status_of(kind)), _sentence(kind), _names(case for case in _cases() if kind in case.raises))
        for kind in below(DomainError)
        if "code" in vars(kind)
    )
    return _page(
        "Refusals",
        """
        Every refusal is `application/problem+json` (RFC 9457) with a permanent `code`. Match codes, never prose. What
        the caller may not see is refused as if it did not exist. A refusal beside which no operation stands can meet
        any that it fits.
        """,
        _table(("code", "status", "meaning", "operations"), ((f"`{code}`", *rest) for code, *rest in rows)),
    )


def events() -> str:
    """Return the page of every event."""
    return _page(
        "Events",
        """
        CloudEvents 1.0 in JSON; these are the fields of `data`. Types and fields are a contract: fields are added,
        never removed or given another meaning. A consumer ignores fields it does not know, drops an event whose `id` it
        has seen, and orders the events of one subject by `aggregateversion`, which rises by exactly one. What is
        personal is null, and the event has the extension attribute `erased`, once the person was erased. JSON Schemas
        are at `/auth/events/schemas/<type>/<version>`, all of it as AsyncAPI 3 at `/auth/asyncapi.json`. See [how to
        consume events](consuming-events.md).
        """,
        *map(_event, declared().values()),
    )


def permissions() -> str:
    """Return the page of every permission."""
    rows = (
        (f"`{each}`", _where(case), f"`{case.name}`", _sentence(case.message))
        for each in sorted(Permission)
        for case in _cases()
        if case.access.permission is each
    )
    return _page(
        "Permissions",
        """
        Named `<resource>:<action>`. A role is a set of them; a grant gives a role to someone in an organization, or on
        a resource of it. An operation that names no organization asks for the permission in the platform's own. What
        members may try is not listed: the operation itself says what it takes.
        """,
        _table(("permission", "in or on", "needed by", "which will"), rows),
    )


PAGES: Final[dict[Path, Callable[[], str]]] = {
    Path("docs/errors.md"): errors,
    Path("docs/events.md"): events,
    Path("docs/permissions.md"): permissions,
    Path("docs/security/coverage.md"): lambda: NOTICE + "\n" + coverage(),
}


def made() -> dict[Path, str]:
    """Return every file that comes from the declarations."""
    return {path: page() for path, page in PAGES.items()} | files()


def stale() -> list[Path]:
    """Return the files that do not say what is declared, and those of what is declared no more."""
    return left_over() + [path for path, text in made().items() if not path.exists() or path.read_text() != text]


def write() -> None:
    """Write every file, and remove those of what is declared no more."""
    for path in left_over():
        path.unlink()
    for path, text in made().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> int:
    """Write the pages, or with `--check` name those that are stale; return whether any is."""
    load_use_cases()
    if "--check" not in sys.argv[1:]:
        write()
        return 0
    found = stale()
    for path in found:
        print(f"{path} is stale: run `make docs`")
    return int(bool(found))


def _cases() -> list[UseCase]:
    return sorted(use_cases(), key=lambda case: case.name)


def _where(case: UseCase) -> str:
    """Return where the permission of a use case has to be held."""
    if case.access.on:
        return "the resource"
    return "the organization" if case.access.within else "the platform"


def _event(kind: Kind) -> str:
    hints = get_type_hints(kind)
    named: Any = fields(kind)  # type: ignore[arg-type]  # `@event` makes a dataclass of every event
    marks = {", personal": personal(kind), ", missing in events of before it was added": added(kind)}
    rows = (
        (f"`{each.name}`", _type(hints[each.name]) + "".join(mark for mark in marks if each.name in marks[mark]))
        for each in named
    )
    emitted = _names(case for case in _cases() if kind in case.emits or kind.type in case.entails)
    later = f" version {kind.schema_version}" if kind.schema_version > 1 else ""
    return (
        f"## `{kind.type}`{later}\n\n{_sentence(kind)} Schema version {kind.schema_version}"
        f"{f'; announced by {emitted}' if emitted else ''}.\n\n{_table(('field', 'type'), rows)}"
    )


def _type(hint: Any) -> str:
    """Return how JSON carries `hint`."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return " or ".join(_type(part) for part in parts)
    if origin in {list, tuple}:
        return f"list of {_type(parts[0])}"
    if hasattr(hint, "__supertype__"):
        return _type(hint.__supertype__)
    return NAMES.get(hint) or f"`{hint.__name__}`"


def _sentence(kind: type[Any]) -> str:
    return " ".join((getdoc(kind) or "").partition("\n\n")[0].split()).replace("|", "\\|")


def _names(cases: Iterable[UseCase]) -> str:
    return ", ".join(f"`{case.name}`" for case in cases)


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(title: str, about: str, *parts: str) -> str:
    return "\n\n".join([NOTICE + f"\n# {title}", " ".join(cleandoc(about).split()), *parts]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
