"""Show a configuration document."""

from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound, Unavailable
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, interactor, message
from domain.organizations.errors import ConfigurationNotFound, NamespaceInvalid
from domain.organizations.models import namespace_of
from domain.organizations.ports import BodyDamaged, ConfigurationBodies, ConfigurationReader
from domain.organizations.schemas import Configuration


@message
class GetConfiguration(Query[Configuration]):
    """Return the document in force in a namespace of an organization's configuration.

    A value that is marked as somebody's is null once they were erased, and has `"erased": true` beside it.
    """

    organization_id: OrganizationId
    namespace: str


@interactor(
    access=needs(Permission.CONFIGURATION_READ, within="organization_id"),
    raises=(OrganizationNotFound, ConfigurationNotFound, NamespaceInvalid, Unavailable),
)
class GetConfigurationInteractor:
    reader: ConfigurationReader
    bodies: ConfigurationBodies

    async def __call__(self, request: GetConfiguration) -> Configuration:
        namespace = namespace_of(request.namespace)
        current = await self.reader.current(request.organization_id, namespace)
        if current is None:
            raise ConfigurationNotFound
        document = await self.bodies.get(current.body_id)
        if document.digest != current.digest:
            raise BodyDamaged(str(current.body_id))
        return Configuration(
            request.organization_id, namespace, current.version, document.members(), current.updated_at
        )
