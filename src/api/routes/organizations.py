"""Organizations over HTTP."""

from litestar import Router, get, put

from api.endpoint import endpoint
from domain.organizations.commands.put_configuration import PutConfiguration
from domain.organizations.queries.get_configuration import GetConfiguration

CONFIGURATION = "/{organization_id:uuid}/configuration/{namespace:str}"

organizations = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, CONFIGURATION, GetConfiguration),
        endpoint(put, CONFIGURATION, PutConfiguration),
    ],
)
