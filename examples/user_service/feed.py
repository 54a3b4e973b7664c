"""Catching up over HTTP: what was announced before this service had a queue."""

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from examples.user_service.projection import Projection

GONE: Final = 410
OURS: Final = "identity.user."


@dataclass(frozen=True, slots=True)
class Feed:
    """`GET /auth/events` of a Gatewright at `url`."""

    url: str
    token: str = field(repr=False)

    def catch_up(self, projection: Projection) -> int:
        """Apply everything after the place that was reached; return how many events were new."""
        new = 0
        while part := self._part(projection):
            new += sum(projection.take(event) for event in part["items"] if event["type"].startswith(OURS))
            projection.move(part["next"])
        return new

    def _part(self, projection: Projection) -> dict[str, Any] | None:
        cursor = projection.cursor()
        query = urlencode({"limit": 200} | ({"after": cursor} if cursor else {}))
        request = Request(f"{self.url}/auth/events?{query}", headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - the operator's own address
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310 - the operator's own address
                part: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            if error.code == GONE and cursor:
                projection.forget_cursor()
                return self._part(projection)
            raise
        return part if part["items"] else None
