"""What organizations show to callers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Configuration:
    """The document in force in one namespace. `version` is also its `ETag`; `body` is the document, a JSON object."""

    organization_id: UUID
    namespace: str
    version: int
    body: dict[str, Any]
    updated_at: datetime
