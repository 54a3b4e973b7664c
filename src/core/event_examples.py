"""An example of each event, made from its schema: the same whenever it is made."""

from typing import Any, Final
from uuid import UUID
from zlib import crc32

from core.event_schemas import PLACE, Kind, schema
from domain.events.schemas import CloudEvent

SOURCE: Final = "https://auth.example.com/auth"
MOMENT: Final = "2026-01-02T03:04:05.678901Z"
LATER: Final = "2026-02-01T03:04:05.678901Z"
TEXTS: Final = {
    "algorithm": "EdDSA",
    "digest": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "effect": "allow",
    "email": "ada@example.com",
    "external_id": "4711",
    "factors": "password",
    "full_name": "Ada Lovelace",
    "kid": "2026-01-02-1",
    "name": "Compilers",
    "namespace": "billing",
    "reason": "sign_out",
    "role": "member",
    "slug": "compilers",
    "subject_type": "user",
    "type": "document",
    "username": "ada",
}
"""What texts say, by the names of their fields; others say their names."""

AGGREGATES: Final = {
    "organizations.member": "membership",
    "organizations.ownership": "organization",
    "teams.member": "team",
    "visibility.content": "visibility_group",
    "visibility.group": "visibility_group",
    "visibility.member": "visibility_group",
}
"""Whose facts they are, where the type names something else."""


def aggregate_of(kind: Kind) -> str:
    """Return the `aggregatetype` of the events of `kind`."""
    thing = kind.type.rpartition(".")[0]
    return AGGREGATES.get(thing, thing.rpartition(".")[2])


def example(kind: Kind) -> CloudEvent:
    """Return an event of `kind` as it arrives, the first of its aggregate."""
    aggregate = aggregate_of(kind)
    data = _example("data", schema(kind))
    one = data.get(f"{aggregate}_id") or data.get(f"{aggregate.rpartition('_')[2]}_id") or _uuid(aggregate)
    made = CloudEvent(
        specversion="1.0",
        id=_uuid(f"{kind.type} {kind.schema_version}"),
        source=SOURCE,
        type=kind.type,
        subject=f"{aggregate}/{one}",
        time=MOMENT,
        datacontenttype="application/json",
        dataschema=f"{SOURCE.removesuffix('/auth')}{PLACE}/{kind.type}/{kind.schema_version}",
        sequence=f"{1:019d}",
        aggregatetype=aggregate,
        aggregateid=one,
        aggregateversion=1,
        schemaversion=kind.schema_version,
        data=data,
    )
    if organization := data.get("organization_id"):
        made["organizationid"] = organization
    return made


def _example(name: str, shape: dict[str, Any]) -> Any:
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    match kinds[0]:
        case "object":
            return {each: _example(each, part) for each, part in shape["properties"].items()}
        case "array":
            return [_example(name, shape["items"])]
        case "boolean":
            return True
        case "integer":
            return 1
    return _text(name, shape.get("format"))


def _text(name: str, form: str | None) -> str:
    if form == "uuid":
        return _uuid(name)
    if form == "date-time":
        return LATER if name == "expires_at" else MOMENT
    return TEXTS.get(name, name)


def _uuid(name: str) -> str:
    """Return a UUID of version 7 that depends on `name` alone."""
    return str(UUID(int=0x019B7CD2_5D2E_7000_8000_000000000000 | crc32(name.encode())))
