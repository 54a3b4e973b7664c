"""The feed as server-sent events (HTML, section 9.2)."""

from typing import Final

from api.reply import encode
from api.streaming import Flow
from domain.events.schemas import Feed, FeedEnd

RETRY: Final = b"retry: 1000\n"


def event_stream(most: int, each: int) -> Flow:
    """Write parts of the feed, for up to `most` readers at once, and `each` member of an organization so often."""
    return Flow(b"text/event-stream", written, most, each)


def written(part: Feed | FeedEnd) -> bytes:
    """Return events, each with its cursor as `id`; what has none moves the cursor, in a comment's company."""
    if isinstance(part, FeedEnd):
        return b"event: end\ndata: %b\n\n" % encode(part)
    log = part.next.partition(".")[0]
    told = [
        b"id: %s.%d\nevent: %s\ndata: %b\n\n"
        % (log.encode(), int(event["sequence"]), event["type"].encode(), encode(event))
        for event in part.items
    ]
    # JSON has no line breaks of its own. An `id` without data is remembered, and nobody is called for it.
    return b"".join(told) + b":\n%bid: %s\n\n" % (b"" if told else RETRY, part.next.encode())
