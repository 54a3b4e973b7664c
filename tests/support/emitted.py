"""What is asked of every fact that a test announces."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator
from msgspec import json

from core.discovery import below
from core.event_examples import aggregate_of
from core.event_schemas import declared, schema
from core.postgres.flush import Fact
from domain.kernel.events import Event

LOOKS_SECRET: Final = re.compile(r"gw[a-z]{1,3}_|whsec_|\beyJ[\w-]+\.|\$(?:argon2|2[aby]|scrypt|pbkdf2)|-----BEGIN")
"""Tokens of ours, secrets of webhooks, JWTs, hashes of passwords, and keys."""


def admitted(facts: Iterable[Fact]) -> None:
    """Fail if the schema of one of `facts` does not admit it, or if it holds what looks like a secret.

    Fail as well if the example of such an event says that it is another aggregate's.
    """
    for fact in facts:
        data = json.decode(json.encode(fact.data))
        _schema(fact.type, fact.schema_version).validate(data)
        if whose := _aggregates().get((fact.type, fact.schema_version)):
            assert whose == fact.aggregate_type, fact.type
        found = [text for text in _texts(data) if LOOKS_SECRET.search(text)]
        assert not found, (fact.type, found)


@cache
def _aggregates() -> dict[tuple[str, int], str]:
    return {key: aggregate_of(kind) for key, kind in declared().items()}


@cache
def _schema(type_: str, version: int) -> Draft202012Validator:
    # Tests are made of events of their own, too.
    kind = declared().get((type_, version)) or next(
        each for each in below(Event) if "type" in vars(each) and (each.type, each.schema_version) == (type_, version)
    )
    return Draft202012Validator(schema(kind), validate_formats=True)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                yield name
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
