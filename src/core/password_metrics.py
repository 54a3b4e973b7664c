"""What is measured of passwords, for Prometheus; see `core.metrics`."""

from dataclasses import dataclass, field
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

HASHING_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


@dataclass(slots=True)
class HashingMetrics:
    """The pool that hashes passwords."""

    registry: CollectorRegistry = REGISTRY
    _waiting: Gauge = field(init=False)
    _seconds: Histogram = field(init=False)
    _refused: Counter = field(init=False)

    def __post_init__(self) -> None:
        on = self.registry
        self._waiting = Gauge(
            "gatewright_hashing_queue", "Hashes accepted, not done", registry=on, multiprocess_mode="livesum"
        )
        self._seconds = Histogram("gatewright_hashing_seconds", "One hash", buckets=HASHING_BUCKETS, registry=on)
        self._refused = Counter("gatewright_hashing_refused", "Hashes refused: the queue was too long", registry=on)

    def queued(self, count: int) -> None:
        """Say how many hashes are accepted and not done, those under way included."""
        self._waiting.set(count)

    def took(self, seconds: float) -> None:
        """Record the time of one hash, without the time that it waited."""
        self._seconds.observe(seconds)

    def refused(self) -> None:
        """Count a hash that was not accepted."""
        self._refused.inc()


@dataclass(slots=True)
class BreachMetrics:
    """New passwords that were looked for among the breached ones. A `core.breaches.Told`."""

    registry: CollectorRegistry = REGISTRY
    _looked: Counter = field(init=False)

    def __post_init__(self) -> None:
        self._looked = Counter(
            "gatewright_breached_passwords",
            "New passwords by what is known of them: found, clean, or unknown as nobody answered",
            ("outcome",),
            registry=self.registry,
        )

    def __call__(self, outcome: str) -> None:
        self._looked.labels(outcome).inc()
