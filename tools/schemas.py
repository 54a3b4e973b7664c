"""What the events look like, as files; and that nothing changes of what was published.

Usage: python -m tools.schemas [--publish]

Without `--publish` it names what breaks `schemas/published`; with it, that folder is written, unless something does.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from api.asyncapi import asyncapi, envelopes
from core.event_examples import example
from core.event_schemas import Kind, declared, schema

FOLDER: Final = Path("schemas")
PUBLISHED: Final = FOLDER / "published"
ENVELOPES: Final = "envelopes"
"""What was published beside `data`, of every event and of each; so it lists what was published as well."""
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
    """Return the schemas of `kinds` by `<type>.v<version>`, and their `ENVELOPES`."""
    kinds = list(kinds)
    return {_name(kind): schema(kind) for kind in kinds} | {ENVELOPES: envelopes(kinds)}


def published(folder: Path = PUBLISHED) -> dict[str, Any]:
    """Return what consumers were promised, like `current`."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def breaks(promised: Schemas, now: Schemas) -> list[str]:
    """Return a sentence for each promise that is broken. Only fields may be added to what was published."""
    found = []
    for name, old in promised.items():
        if name == ENVELOPES:
            continue
        type_, _, version = name.rpartition(".v")
        if name not in now:
            found.append(f"{type_}: version {version} was published and is gone; keep its class, and its type.")
            continue
        remedy = (
            f"leave version {version} as it is, and declare another class with a raised `schema_version`. "
            "Fields that are only more are declared `Added`."
        )
        found += [f"{type_}: {what}; {remedy}" for what in _broken(old, now[name], "data")]
    given = now.get(ENVELOPES, {})
    for name, old in promised.get(ENVELOPES, {}).items():
        found += [f"{name}: {what}; consumers rely on it." for what in _broken(old, given.get(name, old), "event")]
    return found


def missing(promised: Schemas) -> list[str]:
    """Return a sentence for each promise of which a part is not there any more."""
    files, listed = promised.keys() - {ENVELOPES}, promised.get(ENVELOPES, {}).keys() - {"CloudEvent"}
    return [
        f"{type_}: version {version} was published; restore `{name}.json`, or its part of `{ENVELOPES}.json`."
        for name in sorted(files ^ listed)
        for type_, _, version in [name.rpartition(".v")]
    ]


def publish(folder: Path, now: Schemas) -> list[str]:
    """Write `now` into `folder`, unless that breaks what is there: then return what is wrong."""
    promised = published(folder)
    if found := missing(promised) + breaks(promised, now):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in now.items():
        (folder / f"{name}.json").write_text(_text(made))
    return []


def main() -> int:
    """Print what is broken; return whether anything was."""
    now = current(declared().values())
    promised = published()
    found = publish(PUBLISHED, now) if "--publish" in sys.argv[1:] else missing(promised) + breaks(promised, now)
    for line in found:
        print(line)
    return int(bool(found))


def _broken(old: Schemas, new: Schemas, where: str) -> Iterator[str]:
    if _kinds(old) != _kinds(new):
        yield _retyped(_kinds(old), _kinds(new), where)
        return
    yield from _broken_fields(old, new, where)
    if "items" in old:
        yield from _broken(old["items"], new["items"], f"{where}[]")
    rest = SAID | {"items", "properties", "required", "type"}
    for key in sorted((old.keys() | new.keys()) - rest):
        if old.get(key) != new.get(key):
            yield f"`{key}` of `{where}` was {old.get(key)!r} and is {new.get(key)!r}"


def _broken_fields(old: Schemas, new: Schemas, where: str) -> Iterator[str]:
    fields, always = old.get("properties", {}), old.get("required", ())
    for name in fields.keys() - new.get("properties", {}).keys():
        yield f"`{where}.{name}` is gone"
    for name in always:
        if name in new.get("properties", {}) and name not in new.get("required", ()):
            yield f"`{where}.{name}` may be missing now"
    for name in new.get("required", ()):
        if name not in always:
            yield f"`{where}.{name}` has to be there, and events of before are without it"
    for name in fields.keys() & new.get("properties", {}).keys():
        yield from _broken(fields[name], new["properties"][name], f"{where}.{name}")


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
