"""A unit of work that only queues jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class MemoryEnqueues:
    queued: list[tuple[str, Mapping[str, Any], datetime | None]] = field(default_factory=list)

    def enqueue(
        self, name: str, payload: Mapping[str, Any], run_at: datetime | None = None, to: str | None = None
    ) -> None:
        self.queued.append((name, payload, run_at))
