"""The shape of an event on the wire: CloudEvents 1.0, JSON, structured mode. The relay and the feed both write this."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from core.personal import SEALED, PersonalKeys
from domain.events.schemas import CloudEvent

MEDIA_TYPE: Final = "application/cloudevents+json"
COLUMNS: Final = f"""position, slot, id, aggregate_type, aggregate_id, aggregate_version, type, schema_version,
    data::text AS data, organization_id, occurred_at, trace,
    CASE WHEN data ? '{SEALED}'
         THEN (SELECT salt FROM person_keys WHERE person_id = (data #>> '{{{SEALED},0}}')::uuid) END AS salt"""  # noqa: S608 - made of constants
"""What `cloud_event` needs of a row of `events`: `data` as text, whatever codecs a connection has."""
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def cloud_event(row: Mapping[str, Any], source: str, people: PersonalKeys) -> CloudEvent:
    """Return the event of a row of `events`, announced by `source`; raise `ValueError` if it cannot be opened.

    Integers of CloudEvents have 32 bits, so the position is text, padded to sort (extension `sequence`). `data` is not
    read, but written as it is, unless something in it is sealed.
    """
    data, erased = people.show(row["data"], row["salt"], row["id"])
    made = CloudEvent(
        specversion="1.0",
        id=str(row["id"]),
        source=source,
        type=row["type"],
        subject=f"{row['aggregate_type']}/{row['aggregate_id']}",
        time=rfc3339(row["occurred_at"]),
        datacontenttype="application/json",
        sequence=f"{row['position']:019d}",
        aggregatetype=row["aggregate_type"],
        aggregateid=str(row["aggregate_id"]),
        aggregateversion=row["aggregate_version"],
        schemaversion=row["schema_version"],
        data=data,
    )
    if row["organization_id"]:
        made["organizationid"] = str(row["organization_id"])
    if "://" in source:  # it has to be absolute
        made["dataschema"] = f"{source}/events/schemas/{row['type']}/{row['schema_version']}"
    if row["trace"] and _TRACEPARENT.fullmatch(row["trace"]):
        made["traceparent"] = row["trace"]
    if erased:
        made["erased"] = True
    return made


def encode(made: CloudEvent) -> bytes:
    """Return the event as JSON."""
    return msgspec.json.encode(made)


def encode_row(
    row: Mapping[str, Any], source: str, people: PersonalKeys, traceparent: str | None = None
) -> tuple[bytes, str | None]:
    """Return the event of a row as JSON, and the trace that it carries: `traceparent`, else that of its command."""
    made = cloud_event(row, source, people)
    if traceparent:
        made["traceparent"] = traceparent
    return encode(made), made.get("traceparent")


def rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 writes it, with a `Z`."""
    return moment.isoformat().replace("+00:00", "Z")
