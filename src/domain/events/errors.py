"""What readers of the log are refused for."""

from domain.kernel.errors import Invalid


class EventTypeUnknown(Invalid):
    """No event is of such a type; patterns have three segments, each of them a name or `*`."""

    code = "events.type_unknown"


class KindUnknown(Invalid):
    """There is nothing of such a kind here; part of an aggregate has no digest, and a person is in no organization."""

    code = "events.kind_unknown"


class ThingIdInvalid(Invalid):
    """This is not the id of a thing of that kind: a UUID, or two of them with a `/` between for part of another."""

    code = "events.thing_id_invalid"


class DigestTooLarge(Invalid):
    """There is too much in this range to be digested at once; ask for smaller ones, one after the other."""

    code = "events.digest_too_large"
