"""Facts about organizations."""

from uuid import UUID

from domain.kernel.events import Event, event


@event
class ConfigurationChanged(Event):
    """Another document is in force in a namespace of an organization's configuration.

    The document itself is not told: read it, or compare `digest`, the SHA-256 in hexadecimal of its canonical form
    (RFC 8785), with that of a copy.
    """

    type = "organizations.configuration.changed"

    organization_id: UUID
    namespace: str
    configuration_version: int
    digest: str
