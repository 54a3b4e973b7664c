"""What others look up to verify our tokens."""

from dataclasses import dataclass

from litestar import Response, Router, get

from core.keyring import KeyRing


@dataclass(frozen=True, slots=True)
class KeySet:
    """A JWK Set (RFC 7517, section 5) of public keys."""

    keys: list[dict[str, str]]


def well_known(ring: KeyRing) -> Router:
    """Return the routes below `/.well-known`."""
    found = KeySet([dict(key) for key in ring.public_set()["keys"]])

    @get(
        "/.well-known/jwks.json",
        operation_id="ShowKeys",
        summary="Show the keys that verify access tokens.",
        tags=["Keys"],
    )
    async def keys() -> Response[KeySet]:
        """Show the keys that verify access tokens; a shared secret is never among them."""
        return Response(found, headers={"cache-control": "public, max-age=300"})

    return Router("/", route_handlers=[keys])
