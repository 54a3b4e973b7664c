"""What is counted and measured, for Prometheus. `core.exposition` shows it; `docs/operations.md` explains it.

Each group is made once in each process, on the registry that is shown. In a process that shares its metrics with
others, `core.exposition.prepare` has run before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from core.password_metrics import BreachMetrics, HashingMetrics
from core.ring import Condition
from core.webhooks.metrics import WebhookMetrics
from domain.kernel.usecases import UseCase

PULLED: Final = "gatewright_revocations_pulled"
"""Internal: when each process last pulled. Shown as the age of the oldest, see `core.exposition`."""
LOOKED: Final = "gatewright_access_looked"
"""Internal: when each process last looked what changed about access. Shown as the age of the oldest."""
REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LAG_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30, 120, 600, 3600)

# A series more for each counter and histogram, which processes that share their metrics would not show anyway.
_QUIET: Final[Callable[[], None]] = disable_created_metrics
_QUIET()


@dataclass(slots=True)
class RequestMetrics:
    """How many requests there were, how they ended and how long they took, in seconds."""

    registry: CollectorRegistry = REGISTRY
    _seconds: Histogram = field(init=False)
    _known: dict[tuple[str, str, int], Histogram] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._seconds = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request's first byte to its answer's last",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )

    def __call__(self, method: str, route: str, status: int, seconds: float, trace_id: str) -> None:  # noqa: ARG002 - for the access log
        key = (method, route, status)
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = self._seconds.labels(method, route, str(status))
        child.observe(seconds)


@dataclass(slots=True)
class UseCaseMetrics:
    """How each use case ended: `done`, the code of a refusal, or `failed`. A `core.pipeline.Witness`."""

    registry: CollectorRegistry = REGISTRY
    _ended: Counter = field(init=False)
    _known: dict[tuple[str, str], Counter] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._ended = Counter(
            "gatewright_use_cases", "Use cases that ended", ("use_case", "outcome"), registry=self.registry
        )

    def __call__(self, case: UseCase, outcome: str) -> None:
        key = (case.name, outcome)
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = self._ended.labels(*key)
        child.inc()


@dataclass(slots=True)
class RelayMetrics:
    """Events on their way out: from the outbox into the log, from the log to each sink."""

    registry: CollectorRegistry = REGISTRY
    _confirmed: Counter = field(init=False)
    _lag: Histogram = field(init=False)
    _pending: Gauge = field(init=False)
    _oldest: Gauge = field(init=False)
    _unlinked: Gauge = field(init=False)
    _behind: Gauge = field(init=False)
    _undelivered: Gauge = field(init=False)
    _parked: Gauge = field(init=False)

    def __post_init__(self) -> None:
        on = self.registry
        self._confirmed = Counter("gatewright_relay_confirmed", "Events that the broker confirmed", registry=on)
        self._lag = Histogram(
            "gatewright_relay_lag_seconds", "From an event to its confirm", buckets=LAG_BUCKETS, registry=on
        )
        self._pending = _measured("gatewright_outbox_pending", "Events committed and not numbered", on)
        self._oldest = _measured("gatewright_outbox_oldest_seconds", "Age of the oldest event not numbered", on)
        self._unlinked = _measured("gatewright_audit_oldest_seconds", "Age of the oldest audit entry not numbered", on)
        self._behind = _measured("gatewright_delivery_behind", "Events a sink has not confirmed", on, "sink")
        self._undelivered = _measured(
            "gatewright_delivery_oldest_seconds", "Age of the oldest event a sink has not confirmed", on, "sink"
        )
        self._parked = _measured("gatewright_events_parked", "Events that were given up, by sink", on, "sink")

    def confirmed(self, event: Mapping[str, Any]) -> None:
        """Count an event that the broker confirmed, and record the time from its statement until now."""
        self._confirmed.inc()
        self._lag.observe(time() - event["occurred_at"].timestamp())

    def outbox(self, pending: int, oldest: float) -> None:
        """Say how many events wait for a number, and for how many seconds the oldest does."""
        self._pending.set(pending)
        self._oldest.set(oldest)

    def unlinked(self, oldest: float) -> None:
        """Say for how many seconds the oldest entry of the audit trail that has no number has waited."""
        self._unlinked.set(oldest)

    def behind(self, sink: str, count: int, oldest: float) -> None:
        """Say how many events `sink` has not confirmed, and for how many seconds the oldest has waited."""
        self._behind.labels(sink).set(count)
        self._undelivered.labels(sink).set(oldest)

    def parked(self, sink: str, count: int) -> None:
        """Say how many events were given up for `sink`."""
        self._parked.labels(sink).set(count)


@dataclass(slots=True)
class JobMetrics:
    """Work to be done after the commit."""

    registry: CollectorRegistry = REGISTRY
    _pending: Gauge = field(init=False)
    _parked: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self._pending = _measured("gatewright_jobs_pending", "Jobs that are due and not done", self.registry)
        self._parked = _measured("gatewright_jobs_parked", "Jobs that were given up", self.registry)

    def __call__(self, pending: int, parked: int) -> None:
        """Say how many jobs are due, and how many were given up."""
        self._pending.set(pending)
        self._parked.set(parked)


@dataclass(slots=True)
class ErasureMetrics:
    """People who were erased."""

    registry: CollectorRegistry = REGISTRY
    _unfinished: Gauge = field(init=False)
    _overdue: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self._unfinished = _measured(
            "gatewright_erasures_unfinished", "People of whom something may be left outside the database", self.registry
        )
        self._overdue = _measured(
            "gatewright_erasures_overdue",
            "People whose erasure a subscriber has not acknowledged in time",
            self.registry,
        )

    def __call__(self, unfinished: int, overdue: int) -> None:
        """Say how many erasures are not finished, and how many a subscriber is late with."""
        self._unfinished.set(unfinished)
        self._overdue.set(overdue)


@dataclass(slots=True)
class RevocationMetrics:
    """How current this process is about what was revoked."""

    registry: CollectorRegistry = REGISTRY
    _pulled: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self._pulled = Gauge(PULLED, "Last pull", registry=self.registry, multiprocess_mode="livemin")

    def pulled(self) -> None:
        """Note that the revocations were pulled just now."""
        self._pulled.set(time())


@dataclass(slots=True)
class AccessMetrics:
    """What decisions are made from."""

    registry: CollectorRegistry = REGISTRY
    _looked: Gauge = field(init=False)
    _parts: Gauge = field(init=False)
    _looks: Counter = field(init=False)
    _counted: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        on = self.registry
        self._looked = Gauge(LOOKED, "Last look", registry=on, multiprocess_mode="livemin")
        self._parts = Gauge(
            "gatewright_access_parts", "Parts remembered for decisions", registry=on, multiprocess_mode="livesum"
        )
        self._looks = Counter("gatewright_access_looks", "Questions to the database about access", registry=on)

    def __call__(self, size: int, looks: int) -> None:
        """Note that what is known is current: so many parts are remembered, after so many looks."""
        self._looked.set(time())
        self._parts.set(size)
        self._looks.inc(looks - self._counted)
        self._counted = looks


@dataclass(slots=True)
class KeyMetrics:
    """The key that signs access tokens, where it comes from the database."""

    registry: CollectorRegistry = REGISTRY
    _age: Gauge = field(init=False)
    _trouble: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self._age = _measured("gatewright_signing_key_age_seconds", "Since the active key signs", self.registry)
        self._trouble = Gauge(
            "gatewright_signing_key_trouble",
            "Processes that cannot sign, see no key waiting, or find a rotation overdue",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    def __call__(self, condition: Condition) -> None:
        """Note what a look at the ring found."""
        self._age.set(condition.age or 0)
        self._trouble.set(condition.trouble is not None)


@dataclass(slots=True)
class DependencyMetrics:
    """Whether this process reaches what it depends on."""

    registry: CollectorRegistry = REGISTRY
    _up: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self._up = Gauge(
            "gatewright_dependency_up",
            "Whether every process reaches it",
            ("dependency",),
            registry=self.registry,
            multiprocess_mode="livemin",
        )

    def __call__(self, dependency: str, *, up: bool) -> None:
        """Say whether `dependency` (`postgres`, `redis`, `mongodb`, `rabbitmq`) can be reached."""
        self._up.labels(dependency).set(up)


def _measured(name: str, told: str, registry: CollectorRegistry, *labels: str) -> Gauge:
    # Of several processes that measure one table the latest is right.
    return Gauge(name, told, labels, registry=registry, multiprocess_mode="livemostrecent")


@dataclass(slots=True)
class Metrics:
    """Everything that this service measures."""

    registry: CollectorRegistry = REGISTRY
    requests: RequestMetrics = field(init=False)
    use_cases: UseCaseMetrics = field(init=False)
    hashing: HashingMetrics = field(init=False)
    breaches: BreachMetrics = field(init=False)
    relay: RelayMetrics = field(init=False)
    jobs: JobMetrics = field(init=False)
    erasures: ErasureMetrics = field(init=False)
    revocations: RevocationMetrics = field(init=False)
    dependencies: DependencyMetrics = field(init=False)
    access: AccessMetrics = field(init=False)
    keys: KeyMetrics = field(init=False)
    webhooks: WebhookMetrics = field(init=False)

    def __post_init__(self) -> None:
        self.requests = RequestMetrics(self.registry)
        self.use_cases = UseCaseMetrics(self.registry)
        self.hashing = HashingMetrics(self.registry)
        self.breaches = BreachMetrics(self.registry)
        self.relay = RelayMetrics(self.registry)
        self.jobs = JobMetrics(self.registry)
        self.erasures = ErasureMetrics(self.registry)
        self.revocations = RevocationMetrics(self.registry)
        self.dependencies = DependencyMetrics(self.registry)
        self.access = AccessMetrics(self.registry)
        self.keys = KeyMetrics(self.registry)
        self.webhooks = WebhookMetrics(self.registry)
