"""Show the metrics of this process, or of all processes that share a folder."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import time
from typing import Any, Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest, start_http_server, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.metrics import LOOKED, PULLED

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_CHOOSE: Final[Any] = values.get_value_class
_MERGED: Final[Any] = MultiProcessCollector
AGES: Final = {
    PULLED: (
        "gatewright_revocations_age_seconds",
        "Since the last pull, of the process that is worst off; +Inf: never",
    ),
    LOOKED: (
        "gatewright_access_age_seconds",
        "Since the last look at what changed about access, of the process that is worst off; +Inf: never",
    ),
}
"""By what is stored: an age cannot be, it grows by itself."""


def prepare(folder: Path) -> None:
    """Let the processes that start from now on share their metrics in `folder`, which is emptied.

    For the parent, before it starts a worker and before any metric is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ[SHARED] = str(folder)
    # prometheus_client chose when it was imported; a forked worker would inherit the choice.
    values.ValueClass = _CHOOSE()


def exposition(registry: CollectorRegistry = REGISTRY) -> bytes:
    """Return every metric in Prometheus' text format (`CONTENT_TYPE`): of all processes where they share, else ours.

    Gauges of processes that ended are left out.
    """
    return generate_latest(_Shown(registry))


def serve_metrics(port: int, host: str = "127.0.0.1", registry: CollectorRegistry = REGISTRY) -> WSGIServer:
    """Serve the metrics on `host` and `port` (0: any free one) from a thread, until `shutdown` of what is returned.

    For processes that serve nothing else. Raise `OSError` when the port is taken.
    """
    shown = CollectorRegistry()
    shown.register(_Shown(registry))
    server, _ = start_http_server(port, host, shown)
    return server


@dataclass(frozen=True, slots=True)
class _Shown(Collector):
    """All metrics, with times told as ages."""

    registry: CollectorRegistry

    def collect(self) -> Iterable[Metric]:
        for metric in self._collected():
            if shown := AGES.get(metric.name):
                then = min(sample.value for sample in metric.samples)
                yield GaugeMetricFamily(*shown, time() - then if then else inf)
            else:
                yield metric

    def _collected(self) -> Iterable[Metric]:
        if SHARED not in os.environ:
            return self.registry.collect()
        folder = Path(os.environ[SHARED])
        for file in folder.glob("gauge_live*_*.db"):
            if not _alive(int(file.stem.rpartition("_")[2])):
                file.unlink(missing_ok=True)
        merged: Iterable[Metric] = _MERGED(None, str(folder)).collect()
        return merged


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
