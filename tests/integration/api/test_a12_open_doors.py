"""What the service says to whoever is nobody, and whether any answer has a place for a secret."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

from litestar.routes import HTTPRoute

from api.protocols.simulation import SIMULATE
from api.route import ROUTE, Route
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.test_a1_e9_matrix import ROUTES, sample
from tests.support.access.matrix import ANYONE, OPERATIONS
from tests.support.client import Client
from tests.support.operations import FORM

OPEN: Final = {
    *("/", "/health/live", "/health/ready", "/auth/health", "/metrics"),
    *("/.well-known/jwks.json", "/.well-known/authzen-configuration", "/auth/revoke"),
    *("/auth/docs/swagger-ui-bundle.js", "/auth/docs/swagger-ui.css", "/auth/redoc/redoc.standalone.js"),
    *("/auth/asyncapi.json", "/auth/events/schemas/{type:str}/{version:str}"),
    *("/auth/openapi.json", "/auth/docs", "/auth/redoc", "/auth/errors", "/auth/mkdocs", "/auth/setup", "/auth/invitations"), "/auth/password", "/auth/verification", "/auth/sign-in",
    # In development, where anyone may sign in as anybody.
    *("/auth/dev/mail", "/auth/dev/mail/{job:uuid}", "/auth/dev/mail/{job:uuid}/html"),
}  # fmt: skip
"""What is shown to anyone, with the files beside the pages: nothing of it is about anybody."""
FILES: Final = (
    "",
    "docs.js",
    "redoc.js",
    "setup.js",
    "invitation.js",
    "password.js",
    "verification.js",
    "sign-in.js",
    "form.css",
    "{path:path}",
)
QUESTION: Final = {
    "subject": {"type": "user", "id": str(uuid4())},
    "action": {"name": "read"},
    "resource": {"type": "document", "id": "x"},
}
"""What AuthZEN's routes take; others take any object, or nothing."""
CHANGE: Final = {
    "change": {"operation": "DeleteOrganization", "arguments": {"organization_id": str(uuid4())}},
    "context": {"organization_id": str(uuid4())},
}
PAGES: Final = {"next_token"}
"""Where a list goes on (AuthZEN 1.0): no secret, whatever it is called."""
ASKED: Final = {"/auth/events/digest": "?kind=user", "/auth/events/snapshot": "?kind=user"}
"""What these cannot do without."""
TOLD: Final = {"access_token", "refresh_token", "token_type", "device_token", "secret"}
ISSUING: Final = {
    *("SignIn", "FinishMailedSignIn", "DevSignIn", "RefreshSession", "ChangePassword"),
    *("CreateWebhook", "RotateWebhookSecret"),
}
SECRETS: Final = ("password", "secret", "token", "hash", "seed", "key", "credential", "salt", "code")


async def test_a12_nobody_is_answered_beyond_what_is_meant_for_anyone(call: Client) -> None:
    """Every route there is, tried without a credential."""
    meant = {str(path) for name, (path, _, _) in ROUTES.items() if OPERATIONS[name] == ANYONE} | OPEN
    tried = 0
    for route in call.app.routes:
        if not isinstance(route, HTTPRoute) or any(
            route.path in {each, f"{each}/{name}"} for each in meant for name in FILES
        ):
            continue
        path = "/".join(each if isinstance(each, str) else str(uuid4()) for each in ("", *route.path_components))
        path += ASKED.get(route.path, "")
        for method in route.methods - {"OPTIONS"}:
            made = next((each.opt.get(ROUTE) for each in route.route_handlers if method in each.http_methods), None)
            if made and made.form:
                answer = await call(method, path, b"token=x", {"content-type": FORM})
            elif method in {"POST", "PUT", "PATCH"}:
                answer = await call.send(method, path, body_of(route.path, made), {"if-match": '"1"'})
            else:
                answer = await call(method, path, headers={"if-match": '"1"'})
            tried += 1
            assert answer.status == 401, (method, route.path, answer)
    assert tried >= sum(each != ANYONE for each in OPERATIONS.values())


async def test_a12_health_and_metrics_name_no_secret_and_nobody(call: Client) -> None:
    for path in ("/", "/health/live", "/health/ready", "/auth/health", "/metrics"):
        said = (await call("GET", path)).body.decode()
        for each in ("postgresql://", "redis://", PASSWORD, "@", "Traceback", "/src/"):
            assert each not in said, (path, each)


async def test_a11_no_answer_has_a_field_for_a_secret(call: Client) -> None:
    """Every schema that any answer is of; tokens are told by what issues them alone."""
    document = (await call("GET", "/auth/openapi.json")).json()
    found = 0
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    names = set(members(response, document))
                    found += len(names)
                    suspects = {each for each in names if each.endswith(SECRETS)} - PAGES
                    assert suspects <= (TOLD if operation["operationId"] in ISSUING else set()), operation[
                        "operationId"
                    ]
    assert found > len(OPERATIONS)


def body_of(path: str, made: Route | None) -> Any:
    """Return what the route takes."""
    if made and made.sends and not made.whole:
        return sample(made.sends)
    return CHANGE if path == SIMULATE else QUESTION


def members(value: Any, document: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the names of all members of a schema, those of what it refers to included."""
    if isinstance(value, list):
        for each in value:
            yield from members(each, document, seen)
    elif isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            found: Any = document
            for part in reference.removeprefix("#/").split("/"):
                found = found[part]
            yield from members(found, document, seen | {reference})
        yield from value.get("properties", {})
        for name, each in value.items():
            if name not in {"example", "examples", "headers"}:
                yield from members(each, document, seen)
