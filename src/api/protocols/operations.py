"""What those who run the service ask of it; open to anyone, so it says nothing worth knowing to a stranger."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CollectorRegistry

from core.exposition import CONTENT_TYPE, exposition
from core.health import Health, Report

NAME: Final = "gatewright"
VERSION: Final = version(NAME)


@dataclass(frozen=True, slots=True)
class Service:
    """What answers here, and where to read on."""

    name: str
    version: str
    openapi: str
    jwks: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    status: str = "ok"


@get("/", operation_id="ShowService", summary="Say what this is.", tags=["Operations"])
async def root() -> Service:
    """Say what this is."""
    return Service(NAME, VERSION, "/auth/openapi.json", "/.well-known/jwks.json")


@get("/health/live", operation_id="CheckLiveness", summary="Say that the process answers.", tags=["Operations"])
async def live() -> Alive:
    """Say that the process answers, whatever else is down."""
    return Alive()


def operations(health: Health, registry: CollectorRegistry) -> Router:
    """Return the routes that tell how the service is; its metrics are in `registry`."""
    unready = {503: ResponseSpec(Report, description="Something that requests need is down.", generate_examples=False)}

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        """Show the metrics of all processes of this service on this machine."""
        return Response(exposition(registry), headers={"content-type": CONTENT_TYPE})

    async def report() -> Response[Report]:
        """Say what each dependency does; a broken one that is not needed to answer makes the service degraded only."""
        found = await health.report()
        return Response(found, status_code=200 if found.ready else 503)

    shown: dict[str, Any] = {
        "summary": "Say whether requests can be answered.",
        "tags": ["Operations"],
        "responses": unready,
    }
    ready = get("/health/ready", operation_id="CheckReadiness", **shown)(report)
    seen = get("/auth/health", operation_id="CheckHealth", **shown)(report)
    return Router("/", route_handlers=[root, live, ready, seen, metrics])
