"""Resources over HTTP."""

from typing import Final

from litestar import Router, delete, get, patch, post, put

from api.endpoint import endpoint
from api.room import Room
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.put_resource import PutResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.commands.share_resource import ShareResource
from domain.resources.commands.unshare_resource import UnshareResource
from domain.resources.commands.update_resource import UpdateResource
from domain.resources.queries.get_resource import GetResource
from domain.resources.queries.list_resources import ListResources

RESOURCES: Final = "/{organization_id:uuid}/resources"
RESOURCE: Final = f"{RESOURCES}/{{resource_id:uuid}}"
LARGEST_LIST: Final = 16 << 20
"""Bytes: 10,000 resources of 1.6 KiB."""

resources = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, RESOURCES, ListResources),
        endpoint(post, RESOURCES, CreateResource),
        endpoint(post, f"{RESOURCES}/bulk", RegisterResources, status=200, room=Room(LARGEST_LIST)),
        endpoint(put, f"{RESOURCES}/{{type:str}}/{{external_id:str}}", PutResource),
        endpoint(get, RESOURCE, GetResource),
        endpoint(patch, RESOURCE, UpdateResource),
        endpoint(delete, RESOURCE, DeleteResource, status=204),
        endpoint(post, f"{RESOURCE}/share", ShareResource),
        endpoint(delete, f"{RESOURCE}/share/{{grant_id:uuid}}", UnshareResource, status=204),
    ],
)
