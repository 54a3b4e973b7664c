"""The event feed over HTTP, and what late subscribers start from."""

from typing import Final

from litestar import Router, get

from api.endpoint import endpoint
from api.server_sent import event_stream
from api.streaming import lines
from domain.events.queries.read_digest import ReadDigest
from domain.events.queries.read_feed import ReadFeed
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.events.queries.stream_feed import StreamFeed

SNAPSHOTS: Final = 8, 2
"""How many snapshots one process sends at once, and how many of them to one member of an organization."""
STREAMS: Final = 200, 10
"""How many readers one process sends events to, and how often to one member of an organization."""

events = Router(
    "/",
    tags=["Events"],
    route_handlers=[
        endpoint(get, "/auth/events", ReadFeed),
        endpoint(get, "/auth/events/digest", ReadDigest),
        endpoint(get, "/auth/events/stream", StreamFeed, flow=event_stream(*STREAMS)),
        endpoint(get, "/auth/events/snapshot", ReadSnapshot, flow=lines(*SNAPSHOTS)),
    ],
)
