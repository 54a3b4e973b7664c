"""How webhooks fare, for Prometheus."""

from dataclasses import dataclass, field

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from core.webhooks.rows import Webhooking

_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


@dataclass(slots=True)
class WebhookMetrics:
    """How attempts end, and how many webhooks fail or are behind. A `core.webhooks.teller.WebhookMeter`."""

    registry: CollectorRegistry = REGISTRY
    _attempts: Counter = field(init=False)
    _seconds: Histogram = field(init=False)
    _failing: Gauge = field(init=False)
    _disabled: Gauge = field(init=False)
    _behind: Gauge = field(init=False)
    _waiting: Gauge = field(init=False)

    def __post_init__(self) -> None:
        on = self.registry
        self._attempts = Counter("gatewright_webhook_attempts", "Attempts that ended", ("outcome",), registry=on)
        self._seconds = Histogram(
            "gatewright_webhook_attempt_seconds", "How long attempts took", buckets=_BUCKETS, registry=on
        )
        self._failing = _gauge("gatewright_webhooks_failing", "Webhooks whose last attempt failed", on)
        self._disabled = _gauge("gatewright_webhooks_disabled", "Webhooks that are told nothing", on)
        self._behind = _gauge("gatewright_webhooks_behind", "Events that the slowest webhook was not given yet", on)
        self._waiting = _gauge("gatewright_webhook_deliveries_waiting", "Deliveries that are not over", on)

    def attempted(self, outcome: str, seconds: float) -> None:
        """Count an attempt: `delivered`, `failed` or `dead`, after so many seconds."""
        self._attempts.labels(outcome).inc()
        self._seconds.observe(seconds)

    def fare(self, found: Webhooking) -> None:
        """Say how webhooks fare."""
        self._failing.set(found.failing)
        self._disabled.set(found.disabled)
        self._behind.set(found.behind)
        self._waiting.set(found.waiting)


def _gauge(name: str, told: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, told, registry=registry, multiprocess_mode="livemostrecent")
