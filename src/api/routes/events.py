"""The event feed over HTTP, and what late subscribers start from."""

from typing import Final

from litestar import Router, get

from api.endpoint import endpoint
from api.streaming import lines
from domain.events.queries.read_digest import ReadDigest
from domain.events.queries.read_feed import ReadFeed
from domain.events.queries.read_snapshot import ReadSnapshot

SNAPSHOTS: Final = 8
"""How many snapshots one process sends at once."""

events = Router(
    "/",
    tags=["Events"],
    route_handlers=[
        endpoint(get, "/auth/events", ReadFeed),
        endpoint(get, "/auth/events/digest", ReadDigest),
        endpoint(get, "/auth/events/snapshot", ReadSnapshot, flow=lines(SNAPSHOTS)),
    ],
)
