"""The event feed over HTTP."""

from litestar import Router, get

from api.endpoint import endpoint
from domain.events.queries.read_feed import ReadFeed

events = Router("/", tags=["Events"], route_handlers=[endpoint(get, "/auth/events", ReadFeed)])
