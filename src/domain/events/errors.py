"""What readers of the log are refused for."""

from domain.kernel.errors import Invalid


class EventTypeUnknown(Invalid):
    """No event is of such a type; patterns have three segments, each of them a name or `*`."""

    code = "events.type_unknown"
