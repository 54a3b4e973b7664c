"""Signing keys over HTTP."""

from litestar import Router, delete, get, post

from api.endpoint import endpoint
from domain.keys.commands.remove_key import RemoveKey
from domain.keys.commands.rotate_keys import RotateKeys
from domain.keys.queries.list_keys import ListKeys

keys = Router(
    "/auth",
    route_handlers=[
        endpoint(get, "/keys", ListKeys),
        endpoint(post, "/keys/rotate", RotateKeys, status=200),
        endpoint(delete, "/keys/{kid:str}", RemoveKey, status=204),
    ],
)
