"""The OpenAPI 3.1 document, generated from the routes and the use cases they answer."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from api.cookies import ACCESS, CookieTokens
from api.operations import HEADERS, PARAMETERS, PROBLEMS, operation
from api.problems import Problem
from api.route import ROUTE, Route
from api.schemas import Schemas

GENERIC: Final = re.compile(r"(\w+?)_(\w+)_")
SECURITY: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token (RFC 9068), from signing in or from the token endpoint.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": ACCESS.decode(),
        "description": "The same in a cookie, after signing in with `Session-Transport: cookie`. All but GET and HEAD "
        "take that header too, from a page of this service's own origin. A token in `Authorization` counts before it.",
    },
}


def document(
    routers: Sequence[ControllerRouterHandler], *, title: str = "Gatewright", version: str = "1"
) -> dict[str, Any]:
    """Describe `routers`; generated routes by what their use cases declare, the others as Litestar sees them.

    The result is made of JSON values, and is the same whenever it is made of the same routes.
    """
    app = Litestar(routers, openapi_config=OpenAPIConfig(title, version), logging_config=None)
    found: dict[str, Any] = app.openapi_schema.to_schema()
    generated = list(_generated(app))
    schemas = Schemas.of((route for _, _, route in generated), [Problem, CookieTokens])
    examples: dict[str, Any] = {}
    for path, verb, route in generated:
        found["paths"].setdefault(path, {})[verb] = operation(route, schemas, examples)
    for each in _operations(found):
        _own_problems(each)
    components = found["components"]
    components["examples"] = examples
    components["headers"] = HEADERS
    components["parameters"] = PARAMETERS
    components["schemas"] = components.get("schemas", {}) | schemas.components
    components["securitySchemes"] = SECURITY
    found["paths"] = dict(sorted(found["paths"].items()))
    return _named({**found, "components": _sorted(components)})


def _generated(app: Litestar) -> Iterator[tuple[str, str, Route]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if declared := handler.opt.get(ROUTE):
                    for verb in handler.http_methods:
                        yield route.path_format, verb.lower(), declared


def _operations(found: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return [each for path in found["paths"].values() for each in path.values() if isinstance(each, dict)]


def _own_problems(operation: dict[str, Any]) -> None:
    """Replace the shape that Litestar believes its own refusals to have."""
    for response in operation.get("responses", {}).values():
        shown = response.get("content", {}).get("application/json", {}).get("schema", {})
        if "status_code" in shown.get("properties", {}):
            response["content"] = PROBLEMS


def _named(found: dict[str, Any]) -> dict[str, Any]:
    """Call what is generic as one would say it: `UserPage`, not `Page_User_`."""
    schemas = found["components"]["schemas"]
    names = {
        each: f"{match[2][0].upper()}{match[2][1:]}{match[1]}" for each in schemas if (match := GENERIC.fullmatch(each))
    }
    found["components"]["schemas"] = {names.get(each, each): schema for each, schema in schemas.items()}
    for each, name in names.items():
        found["components"]["schemas"][name]["title"] = name
        assert list(names.values()).count(name) == 1, each
    renamed: dict[str, Any] = _replaced(found, {f"#/components/schemas/{old}": new for old, new in names.items()})
    return renamed


def _replaced(value: Any, names: dict[str, str]) -> Any:
    match value:
        case {"$ref": str(reference)} if reference in names:
            return {**value, "$ref": f"#/components/schemas/{names[reference]}"}
        case dict():
            return {key: _replaced(each, names) for key, each in value.items()}
        case list():
            return [_replaced(each, names) for each in value]
    return value


def _sorted(components: dict[str, Any]) -> dict[str, Any]:
    return {kind: dict(sorted(components[kind].items())) for kind in sorted(components)}
