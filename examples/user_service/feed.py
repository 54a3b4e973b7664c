"""Catching up over HTTP: what was announced before this service had a queue."""

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from examples.user_service.projection import Projection

GONE: Final = 410
REFUSED: Final = frozenset({401, 403})
OURS: Final = "identity.user."


class Refused(Exception):
    """The token is none, not any more, or may not read events: to ask again changes nothing."""


@dataclass(frozen=True, slots=True)
class Feed:
    """`GET /auth/events` of a Gatewright at `url`. Reading raises `Refused`, or `OSError`, which may pass."""

    url: str
    token: str = field(repr=False)

    def catch_up(self, projection: Projection) -> int:
        """Apply everything after the place that was reached; return how many events were new."""
        new = 0
        while taken := self.take(projection, wait=0):
            new += len([event for event in taken if event])
        return new

    def take(self, projection: Projection, wait: int) -> list[dict[str, Any] | None]:
        """Apply the next part of the feed; return each event that was new, and None for every other one.

        Without anything new the answer is empty, and takes up to `wait` seconds.
        """
        part = self._part(projection, wait)
        ours = [event for event in part["items"] if event["type"].startswith(OURS)]
        taken = [event if projection.take(event) else None for event in ours]
        projection.move(part["next"])
        return taken + [None] * (len(part["items"]) - len(ours))

    def _part(self, projection: Projection, wait: int) -> dict[str, Any]:
        cursor = projection.cursor()
        query = urlencode({"limit": 200, "wait": wait} | ({"after": cursor} if cursor else {}))
        request = Request(f"{self.url}/auth/events?{query}", headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - the operator's own address
        try:
            with urlopen(request, timeout=wait + 10) as answer:  # noqa: S310 - the operator's own address
                part: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            if error.code == GONE and cursor:
                projection.forget_cursor()
                return self._part(projection, wait)
            if error.code in REFUSED:
                raise Refused(f"{self.url} refuses the token ({error.code}): start again with a new one") from error
            raise
        return part
