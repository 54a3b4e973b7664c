"""The process that works behind the requests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import uvloop

from api.starting import ready_database
from core.audit.keys import AuditKeys
from core.clock import SystemClock
from core.documents import Mongo, configuration_bodies, mongo_connection
from core.erasing import ErasureFinishing, MailFolder, Place
from core.exposition import serve_metrics
from core.forgotten import Mailing, ResetMailing
from core.jobs.registry import Job, Jobs, Nothing, by_name
from core.keys import Keys
from core.logs import configure_logs
from core.mail import FolderTransport, MailSender, SmtpTransport, Transport
from core.mailed_links import link_policy
from core.mailed_sign_ins import CodeMailing
from core.mailed_tokens import RandomLinkTokens
from core.metrics import Metrics
from core.operating import operator
from core.outbound.calling import Outbound
from core.postgres.audit_archiving import Archiving
from core.postgres.audit_checkpoints import Checkpoints
from core.postgres.backlog import Backlog
from core.postgres.configuration import SqlConfigurationReader
from core.postgres.database import Database
from core.postgres.erasing import FinishedErasures, Published
from core.postgres.maintenance import CleanUp
from core.postgres.partitions import AUDIT, EVENTS
from core.postgres.retention import Policy, Retention
from core.postgres.signing_keys import SqlRing
from core.private_sign_ups import opening
from core.processes import end_with_parent
from core.rabbit.errand import Errand
from core.secrets import Sealed, seal
from core.settings import Misconfigured, Settings
from core.telemetry import configure_tracing
from core.tending import TendingKeys
from core.webhooks.disabling import disabling
from core.webhooks.sealing import SealingWebhooks
from core.webhooks.signing import SealedSecrets
from core.webhooks.teller import Teller
from core.worker import Worker
from domain.organizations.collecting import ConfigurationCleaner

SERVICE = "gatewright-worker"


def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raise `Hopeless` or `Misconfigured` if it cannot start."""
    url = ready_database(settings)
    configure_logs(settings.log_level, json=settings.log_json)
    end_with_parent()
    configure_tracing(settings.otlp_endpoint, SERVICE, settings.trace_share)
    metrics = Metrics()
    if settings.metrics_port:
        try:
            serve_metrics(settings.metrics_port, settings.host)
        except OSError as error:
            raise Misconfigured(f"GATEWRIGHT_METRICS_PORT: {error.strerror}; choose another port") from error
    uvloop.run(_work(settings, Database(url, size=2), metrics))


async def _work(settings: Settings, database: Database, metrics: Metrics) -> None:
    await database.open()
    mongo = mongo_connection(settings)
    worker = Worker(
        database=database,
        jobs=jobs(settings, database, mongo),
        rabbit=settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else None,
        redis=settings.redis_url.get_secret_value() if settings.redis_url else None,
        errand=Errand(source=f"{settings.served_at}/auth", people=Keys.read(settings).people, meter=metrics.relay),
        gauges=_gauges(metrics, delivers=settings.rabbitmq_url is not None),
        teller=_teller(settings, database, metrics),
        fare=metrics.webhooks.fare,
        retention=_retention(settings, database),
    )
    try:
        await worker.serve()
    finally:
        if mongo:
            await mongo.close()
        await database.close()


def _teller(settings: Settings, database: Database, metrics: Metrics) -> Teller:
    keys = Keys.read(settings)
    return Teller(
        database=database,
        outbound=Outbound(settings.outbound_networks, settings.outbound_http),
        secrets=SealedSecrets(seal(keys.secrets, "webhooks")),
        disable=disabling(database, keys),
        people=keys.people,
        source=f"{settings.served_at}/auth",
        patience=timedelta(days=settings.webhook_failing_days),
        meter=metrics.webhooks,
    )


def _retention(settings: Settings, database: Database) -> Retention | None:
    keys = Keys.read(settings)
    archiving = Archiving(AuditKeys.of(keys.secrets))
    wanted = ((EVENTS, settings.events_days, None), (AUDIT, settings.audit_days, archiving.noted))
    policies = tuple(Policy(log, timedelta(days=days), noted) for log, days, noted in wanted if days)
    return Retention(database, settings.archive, policies, keys.people) if policies else None


def jobs(settings: Settings, database: Database, mongo: Mongo | None) -> Jobs:
    """Return every kind of job that is done here."""
    keys = Keys.read(settings)
    reader = SqlConfigurationReader(database)
    bodies = configuration_bodies(mongo, database)
    sealed, tokens = seal(keys.secrets), RandomLinkTokens.of(keys.secrets)
    mailing = Mailing(database, sealed, tokens, link_policy(settings), keys.secrets.derive("audit"), keys.people)
    made: list[Job[Any]] = [
        MailSender(_transport(settings), sealed, settings.mail_from).job,
        ResetMailing(mailing).job,
        CodeMailing(mailing).job,
        opening(database, keys, link_policy(settings)).job,
        CleanUp(database).job,
        _erasing(settings, database, sealed).job,
        Checkpoints(database, AuditKeys.of(keys.secrets)).job,
        SealingWebhooks(database, SealedSecrets(seal(keys.secrets, "webhooks"))).job,
        CollectBodies(ConfigurationCleaner(bodies, reader, SystemClock())).job,
    ]
    if not keys.policy.elsewhere:
        sends = operator(database, keys, keys.forge(settings), "worker")
        made.append(TendingKeys(SqlRing(database), keys.safe, keys.policy, sends).job)
    return by_name(made)


@dataclass(frozen=True, slots=True)
class CollectBodies:
    """Does the job that recurs: deletes configuration bodies that never came into force."""

    cleaner: ConfigurationCleaner
    every: timedelta = timedelta(hours=6)

    @property
    def job(self) -> Job[Nothing]:
        """The job, which nobody needs to queue."""
        return Job("collect_configuration_bodies", Nothing, self.run, patience=110, every=self.every)

    async def run(self, _payload: Nothing, _job: UUID) -> None:
        """Collect what is older than a day."""
        await self.cleaner.collect_orphans()


def _erasing(settings: Settings, database: Database, sealed: Sealed) -> ErasureFinishing:
    places: list[Place] = [MailFolder(settings.outbox)]
    if settings.rabbitmq_url:
        from core.rabbit.unrouted import Unrouted  # noqa: PLC0415 - without a broker nothing needs its client

        places.append(Unrouted(settings.rabbitmq_url.get_secret_value(), Published(database, Errand().sink)))
    return ErasureFinishing(places, FinishedErasures(database), sealed)


def _transport(settings: Settings) -> Transport:
    if settings.smtp_url is None:
        return FolderTransport(settings.outbox)
    try:
        return SmtpTransport.parse(settings.smtp_url.get_secret_value())
    except ValueError as error:
        raise Misconfigured(f"GATEWRIGHT_SMTP_URL: {error}") from error


def _gauges(metrics: Metrics, *, delivers: bool) -> Callable[[Backlog], None]:
    sink = Errand().sink

    def show(found: Backlog) -> None:
        metrics.relay.outbox(found.outbox_pending, found.outbox_oldest)
        metrics.relay.unlinked(found.audit_oldest)
        metrics.jobs(found.jobs_due, found.jobs_parked)
        metrics.erasures(found.erasures_unfinished, found.erasures_overdue)
        if delivers:
            metrics.relay.behind(sink, found.delivery_behind, found.delivery_oldest)
            metrics.relay.parked(sink, found.events_parked)

    return show
