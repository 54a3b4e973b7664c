"""What the events look like, as files; and that nothing changes of what was published.

Usage: python -m tools.schemas [--publish]

Without `--publish` it names what breaks `schemas/published`; with it, that folder is written, unless something does.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from api.asyncapi import asyncapi
from core.event_examples import example
from core.event_schemas import Kind, declared, schema

FOLDER: Final = Path("schemas")
PUBLISHED: Final = FOLDER / "published"
SAID: Final = frozenset({"$id", "$schema", "description", "examples", "title"})
"""What only explains."""

Schemas = Mapping[str, Any]


def files() -> dict[Path, str]:
    """Return what has to stand in `schemas`, beside what was published."""
    made: dict[Path, Any] = {FOLDER / "asyncapi.json": asyncapi()}
    for kind in declared().values():
        made[FOLDER / "events" / f"{_name(kind)}.json"] = schema(kind)
        made[FOLDER / "events" / f"{_name(kind)}.example.json"] = example(kind)
    return {path: _text(value) for path, value in made.items()}


def left_over() -> list[Path]:
    """Return the files of events that are none."""
    return sorted(set((FOLDER / "events").glob("*.json")) - files().keys())


def current(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Return the schemas of `kinds` by `<type>.v<version>`."""
    return {_name(kind): schema(kind) for kind in kinds}


def published(folder: Path = PUBLISHED) -> dict[str, Any]:
    """Return the schemas that consumers were promised."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def breaks(promised: Schemas, now: Schemas) -> list[str]:
    """Return a sentence for each promise that is broken. Only fields may be added to what was published."""
    found = []
    for name, old in promised.items():
        type_, _, version = name.rpartition(".v")
        if name not in now:
            found.append(f"{type_}: version {version} was published and is gone; keep its class, and its type.")
            continue
        remedy = f"leave version {version} as it is, and declare another class with a raised `schema_version`."
        found += [f"{type_}: {what}; {remedy}" for what in _broken(old, now[name], "data")]
    return found


def publish(folder: Path, now: Schemas) -> list[str]:
    """Write `now` into `folder`, unless that breaks what is there: then return what `breaks` says."""
    if found := breaks(published(folder), now):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in now.items():
        (folder / f"{name}.json").write_text(_text(made))
    return []


def main() -> int:
    """Print what is broken; return whether anything was."""
    now = current(declared().values())
    found = publish(PUBLISHED, now) if "--publish" in sys.argv[1:] else breaks(published(), now)
    for line in found:
        print(line)
    return int(bool(found))


def _broken(old: Schemas, new: Schemas, where: str) -> Iterator[str]:
    if _kinds(old) != _kinds(new):
        yield _retyped(_kinds(old), _kinds(new), where)
        return
    fields = old.get("properties", {})
    for name in fields.keys() - new.get("properties", {}).keys():
        yield f"`{where}.{name}` is gone"
    for name in old.get("required", ()):
        if name in new.get("properties", {}) and name not in new.get("required", ()):
            yield f"`{where}.{name}` may be missing now"
    for name in fields.keys() & new.get("properties", {}).keys():
        yield from _broken(fields[name], new["properties"][name], f"{where}.{name}")
    if "items" in old:
        yield from _broken(old["items"], new["items"], f"{where}[]")
    rest = SAID | {"items", "properties", "required", "type"}
    for key in sorted((old.keys() | new.keys()) - rest):
        if old.get(key) != new.get(key):
            yield f"`{key}` of `{where}` was {old.get(key)!r} and is {new.get(key)!r}"


def _kinds(shape: Schemas) -> frozenset[str]:
    found = shape.get("type", ())
    return frozenset([found] if isinstance(found, str) else found)


def _retyped(old: frozenset[str], new: frozenset[str], where: str) -> str:
    if new == old | {"null"}:
        return f"`{where}` may be null now"
    if old == new | {"null"}:
        return f"`{where}` is never null any more"
    return f"`{where}` was {' or '.join(sorted(old))} and is {' or '.join(sorted(new))}"


def _name(kind: Kind) -> str:
    return f"{kind.type}.v{kind.schema_version}"


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
