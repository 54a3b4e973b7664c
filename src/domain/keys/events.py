"""Facts about signing keys."""

from datetime import datetime

from domain.kernel.events import Event, event


@event
class KeyPublished(Event):
    """A new key is in the published set; it signs nothing yet."""

    type = "keys.key.published"

    kid: str
    algorithm: str


@event
class KeyActivated(Event):
    """A key signs from now on."""

    type = "keys.key.activated"

    kid: str
    algorithm: str


@event
class KeyRetired(Event):
    """A key signs no more, and verifies what it signed until `expires_at`."""

    type = "keys.key.retired"

    kid: str
    algorithm: str
    expires_at: datetime


@event
class KeyRemoved(Event):
    """A key is gone at once: nothing that it signed is accepted."""

    type = "keys.key.removed"

    kid: str
    algorithm: str
