"""Refusals about webhooks."""

from domain.kernel.errors import Conflict, Invalid, NotFound


class WebhookNotFound(NotFound):
    """There is no such webhook in this organization."""

    code = "webhooks.webhook_not_found"


class DeliveryNotFound(NotFound):
    """There is no such delivery of this webhook, or no longer."""

    code = "webhooks.delivery_not_found"


class EventTypesInvalid(Invalid):
    """Name 1 to 50 types of events, each a type that there is or a pattern like `identity.user.*` that one fits."""

    code = "webhooks.event_types_invalid"


class PositionAhead(Invalid):
    """The position lies behind what this webhook was told; there is nothing to tell again."""

    code = "webhooks.position_ahead"


class TooManyWebhooks(Conflict):
    """The organization has as many webhooks as it may have, which are 50."""

    code = "webhooks.too_many_webhooks"


class DeliveryUnderWay(Conflict):
    """The delivery is not over yet: it is tried, or will be tried again."""

    code = "webhooks.delivery_under_way"
