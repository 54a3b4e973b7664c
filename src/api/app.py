"""The composition root of a process that answers requests: settings, then adapters, then routes."""

import sys
from typing import Final

from litestar import Litestar, Router
from prometheus_client import REGISTRY, CollectorRegistry

from api.cookies import Pages
from api.cors import Cors
from api.dev_mail import dev_mail
from api.protocols.authzen import authzen
from api.protocols.introspection import introspection
from api.protocols.operations import operations
from api.protocols.revocation import revocation
from api.protocols.wellknown import well_known
from api.rolling import started
from api.routes.access import access
from api.routes.audit import audit
from api.routes.events import events
from api.routes.identity import identity
from api.routes.keys import keys
from api.routes.organizations import organizations
from api.routes.policies import policies
from api.routes.resources import resources
from api.routes.service_accounts import service_accounts
from api.routes.sessions import sessions
from api.routes.teams import teams
from api.routes.visibility import visibility
from api.routes.webhooks import webhooks
from api.serving import serve
from core.access_log import AccessLog
from core.assembly import Assembly
from core.health import Health
from core.logs import configure_logs
from core.processes import end_with_parent, settle_heap
from core.providers import dispatcher
from core.settings import Settings, load
from core.telemetry import configure_tracing
from core.traced import RequestSpan, TracedDispatcher, trace_statements

SERVICE: Final = "gatewright-api"


def routes(settings: Settings) -> list[Router]:
    """Return the routes of every capability."""
    return [
        identity(private=settings.signup_private, dev=settings.is_dev),
        sessions(dev=settings.is_dev, told=settings.revocations_public),
        service_accounts,
        organizations,
        policies,
        access,
        teams,
        visibility,
        webhooks,
        resources,
        audit,
        events,
        keys,
    ]


def build(settings: Settings, registry: CollectorRegistry = REGISTRY, assembly: Assembly | None = None) -> Litestar:
    """Make the ASGI application of `assembly`, or of one with its metrics in `registry`; raise `Misconfigured`."""
    assembly = assembly or Assembly.of(settings, registry)
    dispatch = dispatcher(assembly)
    tracer = configure_tracing(settings.otlp_endpoint, SERVICE, settings.trace_share)
    access_log = AccessLog(sys.stdout.buffer)

    async def start() -> None:
        await assembly.open()
        if tracer:
            trace_statements(assembly.database.engine.sync_engine)
        started()

    async def stop() -> None:
        await assembly.close()
        await dispatch.container.close()
        access_log.flush()

    return serve(
        TracedDispatcher(dispatch) if tracer else dispatch,
        [
            *routes(settings),
            operations(Health.of(assembly), registry),
            well_known(assembly.ring.published),
            authzen(settings.served_at),
            introspection,
            revocation,
            *([dev_mail(settings.outbox)] if settings.is_dev and settings.smtp_url is None else []),
        ],
        observers=(access_log, assembly.metrics.requests),
        tracing=RequestSpan(tracer) if tracer else None,
        share=settings.trace_share,
        trusted_proxies=map(str, settings.trusted_proxies),
        pages=Pages.of(settings.served_at, settings.cors_origins),
        cors=Cors.of(settings.cors_origins) if settings.cors_origins else None,
        documents=settings.serves_docs,
        on_startup=[start],
        on_shutdown=[stop],
    )


def create() -> Litestar:
    """Make the application of one worker process; what a server is pointed at."""
    settings = load()
    configure_logs(settings.log_level, json=settings.log_json)
    end_with_parent()
    app = build(settings)
    settle_heap()
    return app
