"""What others look up to verify our tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, Router, get

from api.headers import given, is_known
from core.ring import Published


@dataclass(frozen=True, slots=True)
class KeySet:
    """A JWK Set (RFC 7517, section 5) of public keys."""

    keys: list[dict[str, str]]


def well_known(published: Callable[[], Published]) -> Router:
    """Return the routes below `/.well-known`."""

    @get(
        "/.well-known/jwks.json",
        operation_id="ShowKeys",
        summary="Show the keys that verify access tokens.",
        tags=["Keys"],
    )
    async def keys(request: Request[Any, Any, Any]) -> Response[KeySet]:
        """Show the keys that verify access tokens, those of before and the next one included; no shared secret ever.

        Keep them for as long as `Cache-Control` says: a new key is among them for longer than that before it signs.
        """
        shown = published()
        headers = {"cache-control": f"public, max-age={shown.max_age}", "etag": shown.etag}
        if is_known(given(request.scope["headers"]), shown.etag.encode()):
            return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]  # nothing is shown
        return Response(KeySet([dict(key) for key in shown.keys]), headers=headers)

    return Router("/", route_handlers=[keys])
