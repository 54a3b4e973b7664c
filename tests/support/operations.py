"""What the OpenAPI document says can be sent, taken apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from domain.kernel.ids import uuid7

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
HEADERS: Final = ("User-Agent", "X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Original-URL", "Traceparent", "Accept", "Accept-Language", "Cookie", "Origin", "Content-Type")  # fmt: skip
"""Which come with any request, documented or not."""


@dataclass(frozen=True)
class Place:
    """Where a string goes."""

    kind: str
    """`body`, `query`, `header` or `path`."""
    name: str


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    signed_in: bool
    segments: tuple[str, ...]
    query: tuple[str, ...]
    headers: tuple[str, ...]
    body: dict[str, Any] | None
    codes: frozenset[tuple[int, str]]
    """Which refusals are documented."""
    form: bool = False
    """Whether the body is a form, not JSON."""
    asks: str = ""
    """The parameters of the query that cannot be left out."""

    def places(self) -> Iterator[Place]:
        """Yield every place that takes a string."""
        yield from (Place("path", name) for name in self.segments)
        yield from (Place("query", name) for name in (*self.query, "surplus"))
        yield from (Place("header", name) for name in (*self.headers, *HEADERS))
        yield from (Place("body", name) for name in (self.body or {}).get("properties", {}))

    def sample(self) -> Any:
        """Return a body that is well formed, if the operation takes one."""
        if self.body is None:
            return None
        return {name: _sample(name, each) for name, each in self.body.get("properties", {}).items()}

    def address(self, **segments: str) -> str:
        """Return the path; what is not given is an id of nothing."""
        path = self.path.format(**{name: quote(segments.get(name, str(uuid7())), safe="") for name in self.segments})
        return path + (f"?{self.asks}" if self.asks else "")


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return every operation of `document` that a use case answers."""
    components = document["components"]
    found = []
    for path, verbs in document["paths"].items():
        for verb, each in verbs.items():
            if "parameters" not in each or "security" not in each:
                continue
            parameters = [_resolved(one, components["parameters"]) for one in each["parameters"]]
            named = {
                kind: tuple(one["name"] for one in parameters if one["in"] == kind)
                for kind in ("path", "query", "header")
            }
            content = each.get("requestBody", {}).get("content", {})
            sent = content.get(JSON, content.get(FORM, {})).get("schema")
            body = _expanded(sent, components["schemas"]) if sent else None
            found.append(
                Operation(
                    verb.upper(),
                    path,
                    bool(each["security"]),
                    named["path"],
                    named["query"],
                    named["header"],
                    body,
                    _codes(each),
                    form=FORM in content and JSON not in content,
                    asks=urlencode(
                        {
                            one["name"]: _sample(one["name"], one["schema"])
                            for one in parameters
                            if one["in"] == "query" and one.get("required")
                        }
                    ),
                )
            )
    return found


def _codes(operation: dict[str, Any]) -> frozenset[tuple[int, str]]:
    return frozenset(
        (int(status), code)
        for status, response in operation["responses"].items()
        for code in response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    )


def _resolved(value: Any, known: dict[str, Any]) -> Any:
    return known[value["$ref"].rpartition("/")[2]] if "$ref" in value else value


def _expanded(schema: Any, known: dict[str, Any]) -> Any:
    """Return the schema with what it refers to in its place."""
    if isinstance(schema, list):
        return [_expanded(each, known) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _expanded(each, known) for name, each in _resolved(schema, known).items()}


def _sample(name: str, schema: dict[str, Any]) -> Any:
    """Return something of the right kind and length, which the domain need not like."""
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _sample(name, each)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        inner = schema.get("properties", {})
        return {each: _sample(each, inner[each]) for each in schema.get("required", ())}
    if kind == "array":
        return [_sample(name, schema.get("items", {}))]
    plain = {"boolean": True, "integer": 1, "number": 1}
    return plain.get(str(kind)) or _text(name, schema)


def _text(name: str, schema: dict[str, Any]) -> str:
    known = {
        "email": "somebody@example.org",
        "username": "somebody",
        "full_name": "Some Body",
        "refresh_token": "gwr_x",
        "kind": "user",
        "event_types": "*",
    }
    formats = {"uuid": str(uuid7()), "date-time": "2099-01-01T00:00:00Z"}
    text = known.get(name) or formats.get(schema.get("format", "")) or "correct horse battery staple"
    return str(text[: schema.get("maxLength", len(text))])
